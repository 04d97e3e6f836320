var mi=class{addEventListener(){}removeEventListener(){}dispatchEvent(){return!0}},pi=class extends mi{},Ei=class extends pi{constructor(){super(...arguments),this.role=null}},Rr=class{observe(){}unobserve(){}disconnect(){}},os={createElement:function(){return new Kt.HTMLElement},createElementNS:function(){return new Kt.HTMLElement},addEventListener(){},removeEventListener(){},dispatchEvent(t){return!1}},Kt={ResizeObserver:Rr,document:os,Node:pi,Element:Ei,HTMLElement:class extends Ei{constructor(){super(...arguments),this.innerHTML=""}get content(){return new Kt.DocumentFragment}},DocumentFragment:class extends mi{},customElements:{get:function(){},define:function(){},whenDefined:function(){}},localStorage:{getItem(t){return null},setItem(t,e){},removeItem(t){}},CustomEvent:function(){},getComputedStyle:function(){},navigator:{languages:[],get userAgent(){return""}},matchMedia(t){return{matches:!1,media:t}},DOMParser:class{parseFromString(e,i){return{body:{textContent:e}}}}},ls="global"in globalThis&&globalThis?.global===globalThis||typeof window>"u"||typeof window.customElements>"u",ds=Object.keys(Kt).every(t=>t in globalThis),l=ls&&!ds?Kt:globalThis,F=ls&&!ds?os:globalThis.document;var m={MEDIA_PLAY_REQUEST:"mediaplayrequest",MEDIA_PAUSE_REQUEST:"mediapauserequest",MEDIA_MUTE_REQUEST:"mediamuterequest",MEDIA_UNMUTE_REQUEST:"mediaunmuterequest",MEDIA_LOOP_REQUEST:"medialooprequest",MEDIA_VOLUME_REQUEST:"mediavolumerequest",MEDIA_SEEK_REQUEST:"mediaseekrequest",MEDIA_AIRPLAY_REQUEST:"mediaairplayrequest",MEDIA_ENTER_FULLSCREEN_REQUEST:"mediaenterfullscreenrequest",MEDIA_EXIT_FULLSCREEN_REQUEST:"mediaexitfullscreenrequest",MEDIA_PREVIEW_REQUEST:"mediapreviewrequest",MEDIA_ENTER_PIP_REQUEST:"mediaenterpiprequest",MEDIA_EXIT_PIP_REQUEST:"mediaexitpiprequest",MEDIA_ENTER_CAST_REQUEST:"mediaentercastrequest",MEDIA_EXIT_CAST_REQUEST:"mediaexitcastrequest",MEDIA_SHOW_TEXT_TRACKS_REQUEST:"mediashowtexttracksrequest",MEDIA_HIDE_TEXT_TRACKS_REQUEST:"mediahidetexttracksrequest",MEDIA_SHOW_SUBTITLES_REQUEST:"mediashowsubtitlesrequest",MEDIA_DISABLE_SUBTITLES_REQUEST:"mediadisablesubtitlesrequest",MEDIA_TOGGLE_SUBTITLES_REQUEST:"mediatogglesubtitlesrequest",MEDIA_PLAYBACK_RATE_REQUEST:"mediaplaybackraterequest",MEDIA_RENDITION_REQUEST:"mediarenditionrequest",MEDIA_AUDIO_TRACK_REQUEST:"mediaaudiotrackrequest",MEDIA_SEEK_TO_LIVE_REQUEST:"mediaseektoliverequest",REGISTER_MEDIA_STATE_RECEIVER:"registermediastatereceiver",UNREGISTER_MEDIA_STATE_RECEIVER:"unregistermediastatereceiver"},M={MEDIA_CHROME_ATTRIBUTES:"mediachromeattributes",MEDIA_CONTROLLER:"mediacontroller"},Dr={MEDIA_AIRPLAY_UNAVAILABLE:"mediaAirplayUnavailable",MEDIA_AUDIO_TRACK_ENABLED:"mediaAudioTrackEnabled",MEDIA_AUDIO_TRACK_LIST:"mediaAudioTrackList",MEDIA_AUDIO_TRACK_UNAVAILABLE:"mediaAudioTrackUnavailable",MEDIA_BUFFERED:"mediaBuffered",MEDIA_CAST_UNAVAILABLE:"mediaCastUnavailable",MEDIA_CHAPTERS_CUES:"mediaChaptersCues",MEDIA_CURRENT_TIME:"mediaCurrentTime",MEDIA_DURATION:"mediaDuration",MEDIA_ENDED:"mediaEnded",MEDIA_ERROR:"mediaError",MEDIA_ERROR_CODE:"mediaErrorCode",MEDIA_ERROR_MESSAGE:"mediaErrorMessage",MEDIA_FULLSCREEN_UNAVAILABLE:"mediaFullscreenUnavailable",MEDIA_HAS_PLAYED:"mediaHasPlayed",MEDIA_HEIGHT:"mediaHeight",MEDIA_IS_AIRPLAYING:"mediaIsAirplaying",MEDIA_IS_CASTING:"mediaIsCasting",MEDIA_IS_FULLSCREEN:"mediaIsFullscreen",MEDIA_IS_PIP:"mediaIsPip",MEDIA_LOADING:"mediaLoading",MEDIA_MUTED:"mediaMuted",MEDIA_LOOP:"mediaLoop",MEDIA_PAUSED:"mediaPaused",MEDIA_PIP_UNAVAILABLE:"mediaPipUnavailable",MEDIA_PLAYBACK_RATE:"mediaPlaybackRate",MEDIA_PREVIEW_CHAPTER:"mediaPreviewChapter",MEDIA_PREVIEW_COORDS:"mediaPreviewCoords",MEDIA_PREVIEW_IMAGE:"mediaPreviewImage",MEDIA_PREVIEW_TIME:"mediaPreviewTime",MEDIA_RENDITION_LIST:"mediaRenditionList",MEDIA_RENDITION_SELECTED:"mediaRenditionSelected",MEDIA_RENDITION_UNAVAILABLE:"mediaRenditionUnavailable",MEDIA_SEEKABLE:"mediaSeekable",MEDIA_STREAM_TYPE:"mediaStreamType",MEDIA_SUBTITLES_LIST:"mediaSubtitlesList",MEDIA_SUBTITLES_SHOWING:"mediaSubtitlesShowing",MEDIA_TARGET_LIVE_WINDOW:"mediaTargetLiveWindow",MEDIA_TIME_IS_LIVE:"mediaTimeIsLive",MEDIA_VOLUME:"mediaVolume",MEDIA_VOLUME_LEVEL:"mediaVolumeLevel",MEDIA_VOLUME_UNAVAILABLE:"mediaVolumeUnavailable",MEDIA_LANG:"mediaLang",MEDIA_WIDTH:"mediaWidth"},us=Object.entries(Dr),n=us.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{}),Kn={USER_INACTIVE_CHANGE:"userinactivechange",BREAKPOINTS_CHANGE:"breakpointchange",BREAKPOINTS_COMPUTED:"breakpointscomputed"},Ke=us.reduce((t,[e,i])=>(t[e]=i.toLowerCase(),t),{...Kn}),Wl=Object.entries(Ke).reduce((t,[e,i])=>{let r=n[e];return r&&(t[i]=r),t},{userinactivechange:"userinactive"}),cs=Object.entries(n).reduce((t,[e,i])=>{let r=Ke[e];return r&&(t[i]=r),t},{userinactive:"userinactivechange"}),J={SUBTITLES:"subtitles",CAPTIONS:"captions",DESCRIPTIONS:"descriptions",CHAPTERS:"chapters",METADATA:"metadata"},Re={DISABLED:"disabled",HIDDEN:"hidden",SHOWING:"showing"};var vi={MOUSE:"mouse",PEN:"pen",TOUCH:"touch"},j={UNAVAILABLE:"unavailable",UNSUPPORTED:"unsupported"},te={LIVE:"live",ON_DEMAND:"on-demand",UNKNOWN:"unknown"};var hs={INLINE:"inline",FULLSCREEN:"fullscreen",PICTURE_IN_PICTURE:"picture-in-picture"};var ms=new WeakMap,Cr=t=>{let e=ms.get(t);return e||ms.set(t,e=new Set),e},ps=new l.ResizeObserver(t=>{for(let e of t)for(let i of Cr(e.target))i(e)});function fi(t,e){Cr(t).add(e),ps.observe(t)}function _i(t,e){let i=Cr(t);i.delete(e),i.size||ps.unobserve(t)}function q(t){let e={};for(let i of t)e[i.name]=i.value;return e}function Es(t){var e;return(e=Gn(t))!=null?e:De(t,"media-controller")}function Gn(t){var e;let{MEDIA_CONTROLLER:i}=M,r=t.getAttribute(i);if(r)return(e=qn(t))==null?void 0:e.getElementById(r)}var ve=(t,e)=>!t||!e?!1:t?.contains(e)?!0:ve(t,e.getRootNode().host),De=(t,e)=>{if(!t)return null;let i=t.closest(e);return i||De(t.getRootNode().host,e)};function Ur(t=document){var e;let i=t?.activeElement;return i?(e=Ur(i.shadowRoot))!=null?e:i:null}function qn(t){var e;let i=(e=t?.getRootNode)==null?void 0:e.call(t);return i instanceof ShadowRoot||i instanceof Document?i:null}function gi(t,{depth:e=3,checkOpacity:i=!0,checkVisibilityCSS:r=!0}={}){if(t.checkVisibility)return t.checkVisibility({checkOpacity:i,checkVisibilityCSS:r});let a=t;for(;a&&e>0;){let s=getComputedStyle(a);if(i&&s.opacity==="0"||r&&s.visibility==="hidden"||s.display==="none")return!1;a=a.parentElement,e--}return!0}function vs(t,e,i,r){let a=r.x-i.x,s=r.y-i.y,o=a*a+s*s;if(o===0)return 0;let d=((t-i.x)*a+(e-i.y)*s)/o;return Math.max(0,Math.min(1,d))}function C(t,e){let i=Yn(t,r=>r===e);return i||xr(t,e)}function Yn(t,e){var i,r;let a;for(a of(i=t.querySelectorAll("style:not([media])"))!=null?i:[]){let s;try{s=(r=a.sheet)==null?void 0:r.cssRules}catch{continue}for(let o of s??[])if(e(o.selectorText))return o}}function xr(t,e){var i,r;let a=(i=t.querySelectorAll("style:not([media])"))!=null?i:[],s=a?.[a.length-1];if(!s?.sheet)return console.warn("Media Chrome: No style sheet found on style tag of",t),{style:{setProperty:()=>{},removeProperty:()=>"",getPropertyValue:()=>""}};let o=s?.sheet.insertRule(`${e}{}`,s.sheet.cssRules.length);return(r=s.sheet.cssRules)==null?void 0:r[o]}function Y(t,e,i=Number.NaN){let r=t.getAttribute(e);return r!=null?+r:i}function Q(t,e,i){let r=+i;if(i==null||Number.isNaN(r)){t.hasAttribute(e)&&t.removeAttribute(e);return}Y(t,e,void 0)!==r&&t.setAttribute(e,`${r}`)}function I(t,e){return t.hasAttribute(e)}function y(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}I(t,e)!=i&&t.toggleAttribute(e,i)}function D(t,e,i=null){var r;return(r=t.getAttribute(e))!=null?r:i}function L(t,e,i){if(i==null){t.hasAttribute(e)&&t.removeAttribute(e);return}let r=`${i}`;D(t,e,void 0)!==r&&t.setAttribute(e,r)}var fs=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},de=(t,e,i)=>(fs(t,e,"read from private field"),i?i.call(t):e.get(t)),Qn=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},bi=(t,e,i,r)=>(fs(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),K;function zn(t){return`
    <style>
      :host {
        display: var(--media-control-display, var(--media-gesture-receiver-display, inline-block));
        box-sizing: border-box;
      }
    </style>
  `}var lt=class extends l.HTMLElement{constructor(){if(super(),Qn(this,K,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[M.MEDIA_CONTROLLER,n.MEDIA_PAUSED]}attributeChangedCallback(e,i,r){var a,s,o,d,c;e===M.MEDIA_CONTROLLER&&(i&&((s=(a=de(this,K))==null?void 0:a.unassociateElement)==null||s.call(a,this),bi(this,K,null)),r&&this.isConnected&&(bi(this,K,(o=this.getRootNode())==null?void 0:o.getElementById(r)),(c=(d=de(this,K))==null?void 0:d.associateElement)==null||c.call(d,this)))}connectedCallback(){var e,i;this.tabIndex=-1,this.setAttribute("aria-hidden","true"),bi(this,K,Xn(this)),this.getAttribute(M.MEDIA_CONTROLLER)&&((i=(e=de(this,K))==null?void 0:e.associateElement)==null||i.call(e,this)),de(this,K)&&(de(this,K).addEventListener("pointerdown",this),de(this,K).addEventListener("click",this),de(this,K).hasAttribute("tabindex")||(de(this,K).tabIndex=0))}disconnectedCallback(){var e,i,r,a;this.getAttribute(M.MEDIA_CONTROLLER)&&((i=(e=de(this,K))==null?void 0:e.unassociateElement)==null||i.call(e,this)),(r=de(this,K))==null||r.removeEventListener("pointerdown",this),(a=de(this,K))==null||a.removeEventListener("click",this),bi(this,K,null)}handleEvent(e){var i;let r=(i=e.composedPath())==null?void 0:i[0];if(["video","media-controller"].includes(r?.localName)){if(e.type==="pointerdown")this._pointerType=e.pointerType;else if(e.type==="click"){let{clientX:s,clientY:o}=e,{left:d,top:c,width:S,height:A}=this.getBoundingClientRect(),g=s-d,v=o-c;if(g<0||v<0||g>S||v>A||S===0&&A===0)return;let h=this._pointerType||"mouse";if(this._pointerType=void 0,h===vi.TOUCH){this.handleTap(e);return}else if(h===vi.MOUSE||h===vi.PEN){this.handleMouseClick(e);return}}}}get mediaPaused(){return I(this,n.MEDIA_PAUSED)}set mediaPaused(e){y(this,n.MEDIA_PAUSED,e)}handleTap(e){}handleMouseClick(e){let i=this.mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new l.CustomEvent(i,{composed:!0,bubbles:!0}))}};K=new WeakMap;lt.shadowRootOptions={mode:"open"};lt.getTemplateHTML=zn;function Xn(t){var e;let i=t.getAttribute(M.MEDIA_CONTROLLER);return i?(e=t.getRootNode())==null?void 0:e.getElementById(i):De(t,"media-controller")}l.customElements.get("media-gesture-receiver")||l.customElements.define("media-gesture-receiver",lt);var Pr=lt;var _s={"Start airplay":"Start airplay","Stop airplay":"Stop airplay",Audio:"Audio",Captions:"Captions","Enable captions":"Enable captions","Disable captions":"Disable captions","Start casting":"Start casting","Stop casting":"Stop casting","Enter fullscreen mode":"Enter fullscreen mode","Exit fullscreen mode":"Exit fullscreen mode",Mute:"Mute",Unmute:"Unmute",Loop:"Loop","Enter picture in picture mode":"Enter picture in picture mode","Exit picture in picture mode":"Exit picture in picture mode",Play:"Play",Pause:"Pause","Playback rate":"Playback rate","Playback rate {playbackRate}":"Playback rate {playbackRate}",Quality:"Quality","Seek backward":"Seek backward","Seek forward":"Seek forward",Settings:"Settings",Auto:"Auto","audio player":"audio player","video player":"video player",volume:"volume",seek:"seek","closed captions":"closed captions","current playback rate":"current playback rate","playback time":"playback time","media loading":"media loading",settings:"settings","audio tracks":"audio tracks",quality:"quality",play:"play",pause:"pause",mute:"mute",unmute:"unmute","chapter: {chapterName}":"chapter: {chapterName}",live:"live",Off:"Off","start airplay":"start airplay","stop airplay":"stop airplay","start casting":"start casting","stop casting":"stop casting","enter fullscreen mode":"enter fullscreen mode","exit fullscreen mode":"exit fullscreen mode","enter picture in picture mode":"enter picture in picture mode","exit picture in picture mode":"exit picture in picture mode","seek to live":"seek to live","playing live":"playing live","seek back {seekOffset} seconds":"seek back {seekOffset} seconds","seek forward {seekOffset} seconds":"seek forward {seekOffset} seconds","Network Error":"Network Error","Decode Error":"Decode Error","Source Not Supported":"Source Not Supported","Encryption Error":"Encryption Error","A network error caused the media download to fail.":"A network error caused the media download to fail.","A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.":"A media error caused playback to be aborted. The media could be corrupt or your browser does not support this format.","An unsupported error occurred. The server or network failed, or your browser does not support this format.":"An unsupported error occurred. The server or network failed, or your browser does not support this format.","The media is encrypted and there are no keys to decrypt it.":"The media is encrypted and there are no keys to decrypt it.",hour:"hour",hours:"hours",minute:"minute",minutes:"minutes",second:"second",seconds:"seconds","{time} remaining":"{time} remaining","{currentTime} of {totalTime}":"{currentTime} of {totalTime}","video not loaded, unknown time.":"video not loaded, unknown time."};var gs,dt={en:_s},ut=((gs=globalThis.navigator)==null?void 0:gs.language)||"en",Or=t=>{ut=t},Zn=(t,e)=>{dt[t]=e},Jn=t=>{var e,i,r;let[a]=ut.split("-");return((e=dt[ut])==null?void 0:e[t])||((i=dt[a])==null?void 0:i[t])||((r=dt.en)==null?void 0:r[t])||t},bs=()=>{let[t]=ut.split("-");return dt[ut]?ut:dt[t]?t:"en"},T=(t,e={})=>Jn(t).replace(/\{(\w+)\}/g,(i,r)=>r in e?String(e[r]):`{${r}}`);var Br=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},O=(t,e,i)=>(Br(t,e,"read from private field"),i?i.call(t):e.get(t)),X=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ue=(t,e,i,r)=>(Br(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),ce=(t,e,i)=>(Br(t,e,"access private method"),i),Gt,Si,ct,pt,mt,Nr,ht,Ai,Fr,As,Hr,Ts,qt,Ii,yi,Wr,Et,Yt,Ce,Ti,f={AUDIO:"audio",AUTOHIDE:"autohide",BREAKPOINTS:"breakpoints",GESTURES_DISABLED:"gesturesdisabled",KEYBOARD_CONTROL:"keyboardcontrol",NO_AUTOHIDE:"noautohide",USER_INACTIVE:"userinactive",AUTOHIDE_OVER_CONTROLS:"autohideovercontrols"};function jn(t){return`
    <style>
      
      :host([${n.MEDIA_IS_FULLSCREEN}]) ::slotted([slot=media]) {
        outline: none;
      }

      :host {
        box-sizing: border-box;
        position: relative;
        display: inline-block;
        line-height: 0;
        background-color: var(--media-background-color, #000);
        overflow: hidden;
      }

      :host(:not([${f.AUDIO}])) [part~=layer]:not([part~=media-layer]) {
        position: absolute;
        top: 0;
        left: 0;
        bottom: 0;
        right: 0;
        display: flex;
        flex-flow: column nowrap;
        align-items: start;
        pointer-events: none;
        background: none;
      }

      slot[name=media] {
        display: var(--media-slot-display, contents);
      }

      
      :host([${f.AUDIO}]) slot[name=media] {
        display: var(--media-slot-display, none);
      }

      
      :host([${f.AUDIO}]) [part~=layer][part~=gesture-layer] {
        height: 0;
        display: block;
      }

      
      :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) ::slotted([slot=gestures-chrome]),
          :host(:not([${f.AUDIO}])[${f.GESTURES_DISABLED}]) media-gesture-receiver[slot=gestures-chrome] {
        display: none;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not(media-loading-indicator):not([role=dialog]):not([hidden])) {
        pointer-events: auto;
      }

      :host(:not([${f.AUDIO}])) *[part~=layer][part~=centered-layer] {
        align-items: center;
        justify-content: center;
      }

      :host(:not([${f.AUDIO}])) ::slotted(media-gesture-receiver[slot=gestures-chrome]),
      :host(:not([${f.AUDIO}])) media-gesture-receiver[slot=gestures-chrome] {
        align-self: stretch;
        flex-grow: 1;
      }

      slot[name=middle-chrome] {
        display: inline;
        flex-grow: 1;
        pointer-events: none;
        background: none;
      }

      
      ::slotted([slot=media]),
      ::slotted([slot=poster]) {
        width: 100%;
        height: 100%;
      }

      
      :host(:not([${f.AUDIO}])) .spacer {
        flex-grow: 1;
      }

      
      :host(:-webkit-full-screen) {
        
        width: 100% !important;
        height: 100% !important;
      }

      
      ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([hidden]):not([role=dialog])) {
        opacity: 1;
        transition: var(--media-control-transition-in, opacity 0.25s);
      }

      
      :host([${f.USER_INACTIVE}]:not([${n.MEDIA_PAUSED}]):not([${n.MEDIA_IS_AIRPLAYING}]):not([${n.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted(:not([slot=media]):not([slot=poster]):not([${f.NO_AUTOHIDE}]):not([role=dialog])) {
        opacity: 0;
        transition: var(--media-control-transition-out, opacity 1s);
      }

      :host([${f.USER_INACTIVE}]:not([${f.NO_AUTOHIDE}]):not([${n.MEDIA_PAUSED}]):not([${n.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) ::slotted([slot=media]) {
        cursor: none;
      }

      :host([${f.USER_INACTIVE}][${f.AUTOHIDE_OVER_CONTROLS}]:not([${f.NO_AUTOHIDE}]):not([${n.MEDIA_PAUSED}]):not([${n.MEDIA_IS_CASTING}]):not([${f.AUDIO}])) * {
        --media-cursor: none;
        cursor: none;
      }


      ::slotted(media-control-bar)  {
        align-self: stretch;
      }

      
      
      :host(:not([${f.AUDIO}])[${n.MEDIA_HAS_PLAYED}]) slot[name=poster],
      :host(:not([${f.AUDIO}])[${n.MEDIA_STREAM_TYPE}="${te.ON_DEMAND}"][${n.MEDIA_CURRENT_TIME}]:not([${n.MEDIA_CURRENT_TIME}="0"])) slot[name=poster] {
        display: none;
      }

      ::slotted([role=dialog]) {
        width: 100%;
        height: 100%;
        align-self: center;
      }

      ::slotted([role=menu]) {
        align-self: end;
      }
    </style>

    <slot name="media" part="layer media-layer"></slot>
    <slot name="poster" part="layer poster-layer"></slot>
    <slot name="gestures-chrome" part="layer gesture-layer">
      <media-gesture-receiver slot="gestures-chrome">
        <template shadowrootmode="${Pr.shadowRootOptions.mode}">
          ${Pr.getTemplateHTML({})}
        </template>
      </media-gesture-receiver>
    </slot>
    <span part="layer vertical-layer">
      <slot name="top-chrome" part="top chrome"></slot>
      <slot name="middle-chrome" part="middle chrome"></slot>
      <slot name="centered-chrome" part="layer centered-layer center centered chrome"></slot>
      
      <slot part="bottom chrome"></slot>
    </span>
    <slot name="dialog" part="layer dialog-layer"></slot>
  `}var eo=Object.values(n),to="sm:384 md:576 lg:768 xl:960";function io(t){Ss(t.target,t.contentRect.width)}function Ss(t,e){var i;if(!t.isConnected)return;let r=(i=t.getAttribute(f.BREAKPOINTS))!=null?i:to,a=ro(r),s=ao(a,e),o=!1;if(Object.keys(a).forEach(d=>{if(s.includes(d)){t.hasAttribute(`breakpoint${d}`)||(t.setAttribute(`breakpoint${d}`,""),o=!0);return}t.hasAttribute(`breakpoint${d}`)&&(t.removeAttribute(`breakpoint${d}`),o=!0)}),o){let d=new CustomEvent(Ke.BREAKPOINTS_CHANGE,{detail:s});t.dispatchEvent(d)}t.breakpointsComputed||(t.breakpointsComputed=!0,t.dispatchEvent(new CustomEvent(Ke.BREAKPOINTS_COMPUTED,{bubbles:!0,composed:!0})))}function ro(t){let e=t.split(/\s+/);return Object.fromEntries(e.map(i=>i.split(":")))}function ao(t,e){return Object.keys(t).filter(i=>e>=parseInt(t[i]))}var Ge=class extends l.HTMLElement{constructor(){if(super(),X(this,Fr),X(this,Hr),X(this,qt),X(this,yi),X(this,Et),X(this,Gt,void 0),X(this,Si,0),X(this,ct,null),X(this,pt,null),X(this,mt,void 0),this.breakpointsComputed=!1,X(this,Nr,e=>{let i=this.media;for(let r of e){if(r.type!=="childList")continue;let a=r.removedNodes;for(let s of a){if(s.slot!="media"||r.target!=this)continue;let o=r.previousSibling&&r.previousSibling.previousElementSibling;if(!o||!i)this.mediaUnsetCallback(s);else{let d=o.slot!=="media";for(;(o=o.previousSibling)!==null;)o.slot=="media"&&(d=!1);d&&this.mediaUnsetCallback(s)}}if(i)for(let s of r.addedNodes)s===i&&this.handleMediaUpdated(i)}}),X(this,ht,!1),X(this,Ai,e=>{O(this,ht)||(setTimeout(()=>{io(e),ue(this,ht,!1)},0),ue(this,ht,!0))}),X(this,Ce,void 0),X(this,Ti,()=>{if(!O(this,Ce).assignedElements({flatten:!0}).length){O(this,ct)&&this.mediaUnsetCallback(O(this,ct));return}this.handleMediaUpdated(this.media)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}ue(this,Gt,new MutationObserver(O(this,Nr)))}static get observedAttributes(){return[f.AUTOHIDE,f.GESTURES_DISABLED].concat(eo).filter(e=>![n.MEDIA_RENDITION_LIST,n.MEDIA_AUDIO_TRACK_LIST,n.MEDIA_CHAPTERS_CUES,n.MEDIA_WIDTH,n.MEDIA_HEIGHT,n.MEDIA_ERROR,n.MEDIA_ERROR_MESSAGE].includes(e))}attributeChangedCallback(e,i,r){e.toLowerCase()==f.AUTOHIDE&&(this.autohide=r)}get media(){let e=this.querySelector(":scope > [slot=media]");return e?.nodeName=="SLOT"&&(e=e.assignedElements({flatten:!0})[0]),e}async handleMediaUpdated(e){e&&(ue(this,ct,e),e.localName.includes("-")&&await l.customElements.whenDefined(e.localName),this.mediaSetCallback(e))}connectedCallback(){var e;O(this,Gt).observe(this,{childList:!0,subtree:!0}),fi(this,O(this,Ai));let r=this.getAttribute(f.AUDIO)!=null?T("audio player"):T("video player");this.setAttribute("role","region"),this.setAttribute("aria-label",r),this.handleMediaUpdated(this.media),this.setAttribute(f.USER_INACTIVE,""),Ss(this,this.getBoundingClientRect().width);let a=this.querySelector(":scope > slot[slot=media]");a&&(ue(this,Ce,a),O(this,Ce).addEventListener("slotchange",O(this,Ti))),this.addEventListener("pointerdown",this),this.addEventListener("pointermove",this),this.addEventListener("pointerup",this),this.addEventListener("mouseleave",this),this.addEventListener("keyup",this),(e=l.window)==null||e.addEventListener("mouseup",this)}disconnectedCallback(){var e;_i(this,O(this,Ai)),clearTimeout(O(this,pt)),O(this,Gt).disconnect(),this.media&&this.mediaUnsetCallback(this.media),(e=l.window)==null||e.removeEventListener("mouseup",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointermove",this),this.removeEventListener("pointerup",this),this.removeEventListener("mouseleave",this),this.removeEventListener("keyup",this),O(this,Ce)&&(O(this,Ce).removeEventListener("slotchange",O(this,Ti)),ue(this,Ce,null)),ue(this,ht,!1)}mediaSetCallback(e){}mediaUnsetCallback(e){ue(this,ct,null)}handleEvent(e){switch(e.type){case"pointerdown":ue(this,Si,e.timeStamp);break;case"pointermove":ce(this,Fr,As).call(this,e);break;case"pointerup":ce(this,Hr,Ts).call(this,e);break;case"mouseleave":ce(this,qt,Ii).call(this);break;case"mouseup":this.removeAttribute(f.KEYBOARD_CONTROL);break;case"keyup":ce(this,Et,Yt).call(this),this.setAttribute(f.KEYBOARD_CONTROL,"");break}}set autohide(e){let i=Number(e);ue(this,mt,isNaN(i)?0:i)}get autohide(){return(O(this,mt)===void 0?2:O(this,mt)).toString()}get breakpoints(){return D(this,f.BREAKPOINTS)}set breakpoints(e){L(this,f.BREAKPOINTS,e)}get audio(){return I(this,f.AUDIO)}set audio(e){y(this,f.AUDIO,e)}get gesturesDisabled(){return I(this,f.GESTURES_DISABLED)}set gesturesDisabled(e){y(this,f.GESTURES_DISABLED,e)}get keyboardControl(){return I(this,f.KEYBOARD_CONTROL)}set keyboardControl(e){y(this,f.KEYBOARD_CONTROL,e)}get noAutohide(){return I(this,f.NO_AUTOHIDE)}set noAutohide(e){y(this,f.NO_AUTOHIDE,e)}get autohideOverControls(){return I(this,f.AUTOHIDE_OVER_CONTROLS)}set autohideOverControls(e){y(this,f.AUTOHIDE_OVER_CONTROLS,e)}get userInteractive(){return I(this,f.USER_INACTIVE)}set userInteractive(e){y(this,f.USER_INACTIVE,e)}};Gt=new WeakMap;Si=new WeakMap;ct=new WeakMap;pt=new WeakMap;mt=new WeakMap;Nr=new WeakMap;ht=new WeakMap;Ai=new WeakMap;Fr=new WeakSet;As=function(t){if(t.pointerType!=="mouse"&&t.timeStamp-O(this,Si)<250)return;ce(this,yi,Wr).call(this),clearTimeout(O(this,pt));let e=this.hasAttribute(f.AUTOHIDE_OVER_CONTROLS);([this,this.media].includes(t.target)||e)&&ce(this,Et,Yt).call(this)};Hr=new WeakSet;Ts=function(t){if(t.pointerType==="touch"){let e=!this.hasAttribute(f.USER_INACTIVE);[this,this.media].includes(t.target)&&e?ce(this,qt,Ii).call(this):ce(this,Et,Yt).call(this)}else t.composedPath().some(e=>["media-play-button","media-fullscreen-button"].includes(e?.localName))&&ce(this,Et,Yt).call(this)};qt=new WeakSet;Ii=function(){if(O(this,mt)<0||this.hasAttribute(f.USER_INACTIVE))return;this.setAttribute(f.USER_INACTIVE,"");let t=new l.CustomEvent(Ke.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!0});this.dispatchEvent(t)};yi=new WeakSet;Wr=function(){if(!this.hasAttribute(f.USER_INACTIVE))return;this.removeAttribute(f.USER_INACTIVE);let t=new l.CustomEvent(Ke.USER_INACTIVE_CHANGE,{composed:!0,bubbles:!0,detail:!1});this.dispatchEvent(t)};Et=new WeakSet;Yt=function(){ce(this,yi,Wr).call(this),clearTimeout(O(this,pt));let t=parseInt(this.autohide);t<0||ue(this,pt,setTimeout(()=>{ce(this,qt,Ii).call(this)},t*1e3))};Ce=new WeakMap;Ti=new WeakMap;Ge.shadowRootOptions={mode:"open"};Ge.getTemplateHTML=jn;l.customElements.get("media-container")||l.customElements.define("media-container",Ge);var Qr=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ye=(t,e,i)=>(Qr(t,e,"read from private field"),i?i.call(t):e.get(t)),we=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},zr=(t,e,i,r)=>(Qr(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),qe=(t,e,i)=>(Qr(t,e,"access private method"),i),wi,zt,Qe,ki,$r,Vr,Is,Kr,ys,Gr,ks,qr,ws,Yr,Ms;function so(t){return`
    <style>
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        display: var(--media-dialog-display, inline-flex);
        justify-content: center;
        align-items: center;
        
        transition-behavior: allow-discrete;
        visibility: hidden;
        opacity: 0;
        transform: translateY(2px) scale(.99);
        pointer-events: none;
      }

      :host([open]) {
        transition: display .2s, visibility 0s, opacity .2s ease-out, transform .15s ease-out;
        visibility: visible;
        opacity: 1;
        transform: translateY(0) scale(1);
        pointer-events: auto;
      }

      #content {
        display: flex;
        position: relative;
        box-sizing: border-box;
        width: min(320px, 100%);
        word-wrap: break-word;
        max-height: 100%;
        overflow: auto;
        text-align: center;
        line-height: 1.4;
      }
    </style>
    ${this.getSlotTemplateHTML(t)}
  `}function no(t){return`
    <slot id="content"></slot>
  `}var Qt={OPEN:"open",ANCHOR:"anchor"},Ue=class extends l.HTMLElement{constructor(){super(),we(this,ki),we(this,Vr),we(this,Kr),we(this,Gr),we(this,qr),we(this,Yr),we(this,wi,!1),we(this,zt,null),we(this,Qe,null)}static get observedAttributes(){return[Qt.OPEN,Qt.ANCHOR]}get open(){return I(this,Qt.OPEN)}set open(e){y(this,Qt.OPEN,e)}handleEvent(e){switch(e.type){case"invoke":qe(this,Gr,ks).call(this,e);break;case"focusout":qe(this,qr,ws).call(this,e);break;case"keydown":qe(this,Yr,Ms).call(this,e);break}}connectedCallback(){qe(this,ki,$r).call(this),this.role||(this.role="dialog"),this.addEventListener("invoke",this),this.addEventListener("focusout",this),this.addEventListener("keydown",this)}disconnectedCallback(){this.removeEventListener("invoke",this),this.removeEventListener("focusout",this),this.removeEventListener("keydown",this)}attributeChangedCallback(e,i,r){qe(this,ki,$r).call(this),e===Qt.OPEN&&r!==i&&(this.open?qe(this,Vr,Is).call(this):qe(this,Kr,ys).call(this))}focus(){zr(this,zt,Ur());let e=!this.dispatchEvent(new Event("focus",{composed:!0,cancelable:!0})),i=!this.dispatchEvent(new Event("focusin",{composed:!0,bubbles:!0,cancelable:!0}));if(e||i)return;let r=this.querySelector('[autofocus], [tabindex]:not([tabindex="-1"]), [role="menu"]');r?.focus()}get keysUsed(){return["Escape","Tab"]}};wi=new WeakMap;zt=new WeakMap;Qe=new WeakMap;ki=new WeakSet;$r=function(){if(!Ye(this,wi)&&(zr(this,wi,!0),!this.shadowRoot)){this.attachShadow(this.constructor.shadowRootOptions);let t=q(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(t),queueMicrotask(()=>{let{style:e}=C(this.shadowRoot,":host");e.setProperty("transition","display .15s, visibility .15s, opacity .15s ease-in, transform .15s ease-in")})}};Vr=new WeakSet;Is=function(){var t;(t=Ye(this,Qe))==null||t.setAttribute("aria-expanded","true"),this.dispatchEvent(new Event("open",{composed:!0,bubbles:!0})),this.addEventListener("transitionend",()=>this.focus(),{once:!0})};Kr=new WeakSet;ys=function(){var t;(t=Ye(this,Qe))==null||t.setAttribute("aria-expanded","false"),this.dispatchEvent(new Event("close",{composed:!0,bubbles:!0}))};Gr=new WeakSet;ks=function(t){zr(this,Qe,t.relatedTarget),ve(this,t.relatedTarget)||(this.open=!this.open)};qr=new WeakSet;ws=function(t){var e;ve(this,t.relatedTarget)||((e=Ye(this,zt))==null||e.focus(),Ye(this,Qe)&&Ye(this,Qe)!==t.relatedTarget&&this.open&&(this.open=!1))};Yr=new WeakSet;Ms=function(t){var e,i,r,a,s;let{key:o,ctrlKey:d,altKey:c,metaKey:S}=t;d||c||S||this.keysUsed.includes(o)&&(t.preventDefault(),t.stopPropagation(),o==="Tab"?(t.shiftKey?(i=(e=this.previousElementSibling)==null?void 0:e.focus)==null||i.call(e):(a=(r=this.nextElementSibling)==null?void 0:r.focus)==null||a.call(r),this.blur()):o==="Escape"&&((s=Ye(this,zt))==null||s.focus(),this.open=!1))};Ue.shadowRootOptions={mode:"open"};Ue.getTemplateHTML=so;Ue.getSlotTemplateHTML=no;l.customElements.get("media-chrome-dialog")||l.customElements.define("media-chrome-dialog",Ue);var oo=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},xe=(t,e,i)=>(oo(t,e,"read from private field"),i?i.call(t):e.get(t)),Ls=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},vt,ft,Xt={HOTKEYS:"hotkeys"},lo=[{keys:[{key:" ",label:"Space"},{key:"k"}],description:"Toggle Playback"},{keys:[{key:"m"}],description:"Toggle mute"},{keys:[{key:"f"}],description:"Toggle fullscreen"},{keys:[{key:"c"}],description:"Toggle captions or subtitles, if available"},{keys:[{key:"p"}],description:"Toggle Picture in Picture"},{keys:[{key:"ArrowLeft",label:"\u2190"},{key:"j"}],description:"Seek back 10s"},{keys:[{key:"ArrowRight",label:"\u2192"},{key:"l"}],description:"Seek forward 10s"},{keys:[{key:"ArrowUp",label:"\u2191"}],description:"Turn volume up"},{keys:[{key:"ArrowDown",label:"\u2193"}],description:"Turn volume down"},{keys:[{key:"<",label:"< (SHIFT+,)"}],description:"Decrease playback rate"},{keys:[{key:">",label:"> (SHIFT+.)"}],description:"Increase playback rate"},{keys:[{key:"shift+/",label:"SHIFT+/"}],description:"Show keyboard shortcuts"}];function Li(t){return t===" "?"nospace":`no${t.toLowerCase()}`}function uo(t){let e=new Set(t?.split(/\s+/));return lo.map(({keys:i,description:r})=>({keys:i.filter(({key:a})=>!e.has(Li(a))),description:r})).filter(({keys:i})=>i.length)}function co(t){return`
    <style>
      :host {
        position: fixed;
        top: 0;
        left: 0;
        z-index: 9999;
        background: rgb(20 20 30 / .8);
        backdrop-filter: blur(10px);
      }

      #content {
        display: block;
        width: clamp(400px, 40vw, 700px);
        max-width: 90vw;
        text-align: left;
      }

      h2 {
        margin: 0 0 1.5rem 0;
        font-size: 1.5rem;
        font-weight: 500;
        text-align: center;
      }

      .shortcuts-table {
        width: 100%;
        border-collapse: collapse;
      }

      .shortcuts-table tr {
        border-bottom: 1px solid rgba(255, 255, 255, 0.1);
      }

      .shortcuts-table tr:last-child {
        border-bottom: none;
      }

      .shortcuts-table td {
        padding: 0.75rem 0.5rem;
      }

      .shortcuts-table td:first-child {
        text-align: right;
        padding-right: 1rem;
        width: 40%;
        min-width: 120px;
      }

      .shortcuts-table td:last-child {
        padding-left: 1rem;
      }

      .key {
        display: inline-block;
        background: rgba(255, 255, 255, 0.15);
        border: 1px solid rgba(255, 255, 255, 0.2);
        border-radius: 4px;
        padding: 0.25rem 0.5rem;
        font-family: 'Courier New', monospace;
        font-size: 0.9rem;
        font-weight: 500;
        min-width: 1.5rem;
        text-align: center;
        margin: 0 0.2rem;
      }

      .description {
        color: rgba(255, 255, 255, 0.9);
        font-size: 0.95rem;
      }

      .key-combo {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.3rem;
      }

      .key-separator {
        color: rgba(255, 255, 255, 0.5);
        font-size: 0.9rem;
      }
    </style>
    <slot id="content">
      ${Rs(t[Xt.HOTKEYS])}
    </slot>
  `}function Rs(t){return`
    <h2>Keyboard Shortcuts</h2>
    <table class="shortcuts-table">${uo(t).map(({keys:i,description:r})=>`
        <tr>
          <td>
            <div class="key-combo">${i.map(({key:s,label:o=s},d)=>d>0?`<span class="key-separator">or</span><span class="key">${o}</span>`:`<span class="key">${o}</span>`).join("")}</div>
          </td>
          <td class="description">${r}</td>
        </tr>
      `).join("")}</table>
  `}var Mi=class extends Ue{constructor(){super(...arguments),Ls(this,vt,e=>{var i;if(!this.open)return;let r=(i=this.shadowRoot)==null?void 0:i.querySelector("#content");if(!r)return;let a=e.composedPath(),s=a[0]===this||a.includes(this),o=a.includes(r);s&&!o&&(this.open=!1)}),Ls(this,ft,e=>{if(!this.open)return;let i=e.shiftKey&&(e.key==="/"||e.key==="?");(e.key==="Escape"||i)&&!e.ctrlKey&&!e.altKey&&!e.metaKey&&(this.open=!1,e.preventDefault(),e.stopPropagation())})}static get observedAttributes(){return[...super.observedAttributes,Xt.HOTKEYS]}get hotkeys(){var e;return(e=D(this,Xt.HOTKEYS))!=null?e:void 0}set hotkeys(e){L(this,Xt.HOTKEYS,e)}connectedCallback(){super.connectedCallback(),this.open&&(this.addEventListener("click",xe(this,vt)),document.addEventListener("keydown",xe(this,ft)))}disconnectedCallback(){this.removeEventListener("click",xe(this,vt)),document.removeEventListener("keydown",xe(this,ft))}attributeChangedCallback(e,i,r){var a;if(super.attributeChangedCallback(e,i,r),e==="open")this.open?(this.addEventListener("click",xe(this,vt)),document.addEventListener("keydown",xe(this,ft))):(this.removeEventListener("click",xe(this,vt)),document.removeEventListener("keydown",xe(this,ft)));else if(e===Xt.HOTKEYS&&r!==i){let s=(a=this.shadowRoot)==null?void 0:a.querySelector("#content");s&&(s.innerHTML=Rs(r))}}};vt=new WeakMap;ft=new WeakMap;Mi.getSlotTemplateHTML=co;l.customElements.get("media-keyboard-shortcuts-dialog")||l.customElements.define("media-keyboard-shortcuts-dialog",Mi);var Ds=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},$=(t,e,i)=>(Ds(t,e,"read from private field"),i?i.call(t):e.get(t)),Zt=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ri=(t,e,i,r)=>(Ds(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),_t,gt,Di,ze,Me,Pe,Ci=class{constructor(e,i,{defaultValue:r}={defaultValue:void 0}){Zt(this,Me),Zt(this,_t,void 0),Zt(this,gt,void 0),Zt(this,Di,void 0),Zt(this,ze,new Set),Ri(this,_t,e),Ri(this,gt,i),Ri(this,Di,new Set(r))}[Symbol.iterator](){return $(this,Me,Pe).values()}get length(){return $(this,Me,Pe).size}get value(){var e;return(e=[...$(this,Me,Pe)].join(" "))!=null?e:""}set value(e){var i;e!==this.value&&(Ri(this,ze,new Set),this.add(...(i=e?.split(" "))!=null?i:[]))}toString(){return this.value}item(e){return[...$(this,Me,Pe)][e]}values(){return $(this,Me,Pe).values()}forEach(e,i){$(this,Me,Pe).forEach(e,i)}add(...e){var i,r;e.forEach(a=>$(this,ze).add(a)),!(this.value===""&&!((i=$(this,_t))!=null&&i.hasAttribute(`${$(this,gt)}`)))&&((r=$(this,_t))==null||r.setAttribute(`${$(this,gt)}`,`${this.value}`))}remove(...e){var i;e.forEach(r=>$(this,ze).delete(r)),(i=$(this,_t))==null||i.setAttribute(`${$(this,gt)}`,`${this.value}`)}contains(e){return $(this,Me,Pe).has(e)}toggle(e,i){return typeof i<"u"?i?(this.add(e),!0):(this.remove(e),!1):this.contains(e)?(this.remove(e),!1):(this.add(e),!0)}replace(e,i){return this.remove(e),this.add(i),e===i}};_t=new WeakMap;gt=new WeakMap;Di=new WeakMap;ze=new WeakMap;Me=new WeakSet;Pe=function(){return $(this,ze).size?$(this,ze):$(this,Di)};function Cs(t){return t?.map(ho).join(" ")}function ho(t){if(t){let{id:e,width:i,height:r}=t;return[e,i,r].filter(a=>a!=null).join(":")}}function Us(t){return t?.map(mo).join(" ")}function mo(t){if(t){let{id:e,kind:i,language:r,label:a}=t;return[e,i,r,a].filter(s=>s!=null).join(":")}}function bt(t){return typeof t=="number"&&!Number.isNaN(t)&&Number.isFinite(t)}var Ui=t=>new Promise(e=>setTimeout(e,t));var po=(t="")=>t.split(/\s+/),xs=(t="")=>{let[e,i,r]=t.split(":"),a=r?decodeURIComponent(r):void 0;return{kind:e==="cc"?J.CAPTIONS:J.SUBTITLES,language:i,label:a}},Eo=(t="",e={})=>po(t).map(i=>{let r=xs(i);return{...e,...r}}),Xr=t=>t?Array.isArray(t)?t.map(e=>typeof e=="string"?xs(e):e):typeof t=="string"?Eo(t):[t]:[],vo=({kind:t,label:e,language:i}={kind:"subtitles"})=>e?`${t==="captions"?"cc":"sb"}:${i}:${encodeURIComponent(e)}`:i,Zr=(t=[])=>Array.prototype.map.call(t,vo).join(" "),fo=(t,e)=>i=>i[t]===e,Ps=t=>{let e=Object.entries(t).map(([i,r])=>fo(i,r));return i=>e.every(r=>r(i))},Xe=(t,e=[],i=[])=>{let r=Xr(i).map(Ps),a=s=>r.some(o=>o(s));Array.from(e).filter(a).forEach(s=>{s.mode=t})},Ze=(t,e=()=>!0)=>{if(!t?.textTracks)return[];let i=typeof e=="function"?e:Ps(e);return Array.from(t.textTracks).filter(i)};var Ns=t=>{var e;let{media:i,fullscreenElement:r}=t;try{let a=r&&"requestFullscreen"in r?"requestFullscreen":r&&"webkitRequestFullScreen"in r?"webkitRequestFullScreen":void 0;if(a){let s=(e=r[a])==null?void 0:e.call(r);if(s instanceof Promise)return s.catch(()=>{})}else i?.webkitEnterFullscreen?i.webkitEnterFullscreen():i?.requestFullscreen&&i.requestFullscreen()}catch(a){console.error(a)}},Os="exitFullscreen"in F?"exitFullscreen":"webkitExitFullscreen"in F?"webkitExitFullscreen":"webkitCancelFullScreen"in F?"webkitCancelFullScreen":void 0,Fs=t=>{var e;let{documentElement:i}=t;if(Os){let r=(e=i?.[Os])==null?void 0:e.call(i);if(r instanceof Promise)return r.catch(()=>{})}},Jt="fullscreenElement"in F?"fullscreenElement":"webkitFullscreenElement"in F?"webkitFullscreenElement":void 0,_o=t=>{let{documentElement:e,media:i}=t,r=e?.[Jt];return!r&&"webkitDisplayingFullscreen"in i&&"webkitPresentationMode"in i&&i.webkitDisplayingFullscreen&&i.webkitPresentationMode===hs.FULLSCREEN?i:r},Hs=t=>{var e;let{media:i,documentElement:r,fullscreenElement:a=i}=t;if(!i||!r)return!1;let s=_o(t);if(!s)return!1;if(s===a||s===i)return!0;if(s.localName.includes("-")){let o=s.shadowRoot;if(!(Jt in o))return ve(s,a);for(;o?.[Jt];){if(o[Jt]===a)return!0;o=(e=o[Jt])==null?void 0:e.shadowRoot}}return!1},go="fullscreenEnabled"in F?"fullscreenEnabled":"webkitFullscreenEnabled"in F?"webkitFullscreenEnabled":void 0,Bs=t=>{let{documentElement:e,media:i}=t;return!!e?.[go]||i&&"webkitSupportsFullscreen"in i};var xi,Jr=()=>{var t,e;return xi||(xi=(e=(t=F)==null?void 0:t.createElement)==null?void 0:e.call(t,"video"),xi)},Ws=async(t=Jr())=>{if(!t)return!1;let e=t.volume;t.volume=e/2+.1;let i=new AbortController,r=await Promise.race([bo(t,i.signal),Ao(t,e)]);return i.abort(),r},bo=(t,e)=>new Promise(i=>{t.addEventListener("volumechange",()=>i(!0),{signal:e})}),Ao=async(t,e)=>{for(let i=0;i<10;i++){if(t.volume===e)return!1;await Ui(10)}return t.volume!==e},To=/.*Version\/.*Safari\/.*/.test(l.navigator.userAgent),jr=(t=Jr())=>l.matchMedia("(display-mode: standalone)").matches&&To?!1:typeof t?.requestPictureInPicture=="function",ea=(t=Jr())=>Bs({documentElement:F,media:t}),$s=ea(),Vs=jr(),Ks=!!l.WebKitPlaybackTargetAvailabilityEvent,Gs=!!l.chrome;var At=t=>Ze(t.media,e=>[J.SUBTITLES,J.CAPTIONS].includes(e.kind)).sort((e,i)=>e.kind>=i.kind?1:-1),ta=t=>Ze(t.media,e=>e.mode===Re.SHOWING&&[J.SUBTITLES,J.CAPTIONS].includes(e.kind)),Pi=(t,e)=>{let i=At(t),r=ta(t),a=!!r.length;if(i.length){if(e===!1||a&&e!==!0)Xe(Re.DISABLED,i,r);else if(e===!0||!a&&e!==!1){let s=i[0],{options:o}=t;if(!o?.noSubtitlesLangPref){let A=l.localStorage.getItem("media-chrome-pref-subtitles-lang"),g=A?[A,...l.navigator.languages]:l.navigator.languages,v=i.filter(h=>g.some(_=>h.language.toLowerCase().startsWith(_.split("-")[0]))).sort((h,_)=>{let E=g.findIndex(b=>h.language.toLowerCase().startsWith(b.split("-")[0])),k=g.findIndex(b=>_.language.toLowerCase().startsWith(b.split("-")[0]));return E-k});v[0]&&(s=v[0])}let{language:d,label:c,kind:S}=s;Xe(Re.DISABLED,i,r),Xe(Re.SHOWING,i,[{language:d,label:c,kind:S}])}}},Oi=(t,e)=>t===e?!0:t==null||e==null||typeof t!=typeof e?!1:typeof t=="number"&&Number.isNaN(t)&&Number.isNaN(e)?!0:typeof t!="object"?!1:Array.isArray(t)?So(t,e):Object.entries(t).every(([i,r])=>i in e&&Oi(r,e[i])),So=(t,e)=>{let i=Array.isArray(t),r=Array.isArray(e);return i!==r?!1:i||r?t.length!==e.length?!1:t.every((a,s)=>Oi(a,e[s])):!0};var Io=Object.values(te),Ni,yo=Ws().then(t=>(Ni=t,Ni)),qs=async(...t)=>{await Promise.all(t.filter(e=>e).map(async e=>{if(!("localName"in e&&e instanceof l.HTMLElement))return;let i=e.localName;if(!i.includes("-"))return;let r=l.customElements.get(i);r&&e instanceof r||(await l.customElements.whenDefined(i),l.customElements.upgrade(e))}))},ko=new l.DOMParser,wo=t=>t&&(ko.parseFromString(t,"text/html").body.textContent||t),Tt={mediaError:{get(t,e){let{media:i}=t;if(e?.type!=="playing")return i?.error},mediaEvents:["emptied","error","playing"]},mediaErrorCode:{get(t,e){var i;let{media:r}=t;if(e?.type!=="playing")return(i=r?.error)==null?void 0:i.code},mediaEvents:["emptied","error","playing"]},mediaErrorMessage:{get(t,e){var i,r;let{media:a}=t;if(e?.type!=="playing")return(r=(i=a?.error)==null?void 0:i.message)!=null?r:""},mediaEvents:["emptied","error","playing"]},mediaWidth:{get(t){var e;let{media:i}=t;return(e=i?.videoWidth)!=null?e:0},mediaEvents:["resize"]},mediaHeight:{get(t){var e;let{media:i}=t;return(e=i?.videoHeight)!=null?e:0},mediaEvents:["resize"]},mediaPaused:{get(t){var e;let{media:i}=t;return(e=i?.paused)!=null?e:!0},set(t,e){var i;let{media:r}=e;r&&(t?r.pause():(i=r.play())==null||i.catch(()=>{}))},mediaEvents:["play","playing","pause","emptied"]},mediaHasPlayed:{get(t,e){let{media:i}=t;return i?e?e.type==="playing":!i.paused:!1},mediaEvents:["playing","emptied"]},mediaEnded:{get(t){var e;let{media:i}=t;return(e=i?.ended)!=null?e:!1},mediaEvents:["seeked","ended","emptied"]},mediaPlaybackRate:{get(t){var e;let{media:i}=t;return(e=i?.playbackRate)!=null?e:1},set(t,e){let{media:i}=e;i&&Number.isFinite(+t)&&(i.playbackRate=+t)},mediaEvents:["ratechange","loadstart"]},mediaMuted:{get(t){var e;let{media:i}=t;return(e=i?.muted)!=null?e:!1},set(t,e){let{media:i,options:{noMutedPref:r}={}}=e;if(i){i.muted=t;try{let a=l.localStorage.getItem("media-chrome-pref-muted")!==null,s=i.hasAttribute("muted");if(r){a&&l.localStorage.removeItem("media-chrome-pref-muted");return}if(s&&!a)return;l.localStorage.setItem("media-chrome-pref-muted",t?"true":"false")}catch(a){console.debug("Error setting muted pref",a)}}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{let{options:{noMutedPref:i}}=e,{media:r}=e;if(!(!r||r.muted||i))try{let a=l.localStorage.getItem("media-chrome-pref-muted")==="true";Tt.mediaMuted.set(a,e),t(a)}catch(a){console.debug("Error getting muted pref",a)}}]},mediaLoop:{get(t){let{media:e}=t;return e?.loop},set(t,e){let{media:i}=e;i&&(i.loop=t)},mediaEvents:["medialooprequest"]},mediaVolume:{get(t){var e;let{media:i}=t;return(e=i?.volume)!=null?e:1},set(t,e){let{media:i,options:{noVolumePref:r}={}}=e;if(i){try{t==null?l.localStorage.removeItem("media-chrome-pref-volume"):!i.hasAttribute("muted")&&!r&&l.localStorage.setItem("media-chrome-pref-volume",t.toString())}catch(a){console.debug("Error setting volume pref",a)}Number.isFinite(+t)&&(i.volume=+t)}},mediaEvents:["volumechange"],stateOwnersUpdateHandlers:[(t,e)=>{let{options:{noVolumePref:i}}=e;if(!i)try{let{media:r}=e;if(!r)return;let a=l.localStorage.getItem("media-chrome-pref-volume");if(a==null)return;Tt.mediaVolume.set(+a,e),t(+a)}catch(r){console.debug("Error getting volume pref",r)}}]},mediaVolumeLevel:{get(t){let{media:e}=t;return typeof e?.volume>"u"?"high":e.muted||e.volume===0?"off":e.volume<.5?"low":e.volume<.75?"medium":"high"},mediaEvents:["volumechange"]},mediaCurrentTime:{get(t){var e;let{media:i}=t;return(e=i?.currentTime)!=null?e:0},set(t,e){let{media:i}=e;!i||!bt(t)||(i.currentTime=t)},mediaEvents:["timeupdate","loadedmetadata","seeking"]},mediaDuration:{get(t){let{media:e,options:{defaultDuration:i}={}}=t;return i&&(!e||!e.duration||Number.isNaN(e.duration)||!Number.isFinite(e.duration))?i:Number.isFinite(e?.duration)?e.duration:Number.NaN},mediaEvents:["durationchange","loadedmetadata","emptied"]},mediaLoading:{get(t){let{media:e}=t;return e?.readyState<3},mediaEvents:["waiting","playing","emptied"]},mediaSeekable:{get(t){var e;let{media:i}=t;if(!((e=i?.seekable)!=null&&e.length))return;let r=i.seekable.start(0),a=i.seekable.end(i.seekable.length-1);if(!(!r&&!a))return[Number(r.toFixed(3)),Number(a.toFixed(3))]},mediaEvents:["loadedmetadata","emptied","progress","seekablechange"]},mediaBuffered:{get(t){var e;let{media:i}=t,r=(e=i?.buffered)!=null?e:[];return Array.from(r).map((a,s)=>[Number(r.start(s).toFixed(3)),Number(r.end(s).toFixed(3))])},mediaEvents:["progress","emptied"]},mediaStreamType:{get(t){let{media:e,options:{defaultStreamType:i}={}}=t,r=[te.LIVE,te.ON_DEMAND].includes(i)?i:void 0;if(!e)return r;let{streamType:a}=e;if(Io.includes(a))return a===te.UNKNOWN?r:a;let s=e.duration;return s===1/0?te.LIVE:Number.isFinite(s)?te.ON_DEMAND:r},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange"]},mediaTargetLiveWindow:{get(t){let{media:e}=t;if(!e)return Number.NaN;let{targetLiveWindow:i}=e,r=Tt.mediaStreamType.get(t);return(i==null||Number.isNaN(i))&&r===te.LIVE?0:i},mediaEvents:["emptied","durationchange","loadedmetadata","streamtypechange","targetlivewindowchange"]},mediaTimeIsLive:{get(t){let{media:e,options:{liveEdgeOffset:i=10}={}}=t;if(!e)return!1;if(typeof e.liveEdgeStart=="number")return Number.isNaN(e.liveEdgeStart)?!1:e.currentTime>=e.liveEdgeStart;if(!(Tt.mediaStreamType.get(t)===te.LIVE))return!1;let a=e.seekable;if(!a)return!0;if(!a.length)return!1;let s=a.end(a.length-1)-i;return e.currentTime>=s},mediaEvents:["playing","timeupdate","progress","waiting","emptied"]},mediaSubtitlesList:{get(t){return At(t).map(({kind:e,label:i,language:r})=>({kind:e,label:i,language:r}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack"]},mediaSubtitlesShowing:{get(t){return ta(t).map(({kind:e,label:i,language:r})=>({kind:e,label:i,language:r}))},mediaEvents:["loadstart"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i,r;let{media:a,options:s}=e;if(!a)return;let o=d=>{var c;!s.defaultSubtitles||d&&![J.CAPTIONS,J.SUBTITLES].includes((c=d?.track)==null?void 0:c.kind)||Pi(e,!0)};return a.addEventListener("loadstart",o),(i=a.textTracks)==null||i.addEventListener("addtrack",o),(r=a.textTracks)==null||r.addEventListener("removetrack",o),()=>{var d,c;a.removeEventListener("loadstart",o),(d=a.textTracks)==null||d.removeEventListener("addtrack",o),(c=a.textTracks)==null||c.removeEventListener("removetrack",o)}}]},mediaChaptersCues:{get(t){var e;let{media:i}=t;if(!i)return[];let[r]=Ze(i,{kind:J.CHAPTERS});return Array.from((e=r?.cues)!=null?e:[]).map(({text:a,startTime:s,endTime:o})=>({text:wo(a),startTime:s,endTime:o}))},mediaEvents:["loadstart","loadedmetadata"],textTracksEvents:["addtrack","removetrack","change"],stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;if(!r)return;let a=r.querySelector('track[kind="chapters"][default][src]'),s=(i=r.shadowRoot)==null?void 0:i.querySelector(':is(video,audio) > track[kind="chapters"][default][src]');return a?.addEventListener("load",t),s?.addEventListener("load",t),()=>{a?.removeEventListener("load",t),s?.removeEventListener("load",t)}}]},mediaIsPip:{get(t){var e,i;let{media:r,documentElement:a}=t;if(!r||!a||!a.pictureInPictureElement)return!1;if(a.pictureInPictureElement===r)return!0;if(a.pictureInPictureElement instanceof HTMLMediaElement)return(e=r.localName)!=null&&e.includes("-")?ve(r,a.pictureInPictureElement):!1;if(a.pictureInPictureElement.localName.includes("-")){let s=a.pictureInPictureElement.shadowRoot;for(;s?.pictureInPictureElement;){if(s.pictureInPictureElement===r)return!0;s=(i=s.pictureInPictureElement)==null?void 0:i.shadowRoot}}return!1},set(t,e){let{media:i}=e;if(i)if(t){if(!F.pictureInPictureEnabled){console.warn("MediaChrome: Picture-in-picture is not enabled");return}if(!i.requestPictureInPicture){console.warn("MediaChrome: The current media does not support picture-in-picture");return}let r=()=>{console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a readyState > 0.")};i.requestPictureInPicture().catch(a=>{if(a.code===11){if(!i.src){console.warn("MediaChrome: The media is not ready for picture-in-picture. It must have a src set.");return}if(i.readyState===0&&i.preload==="none"){let s=()=>{i.removeEventListener("loadedmetadata",o),i.preload="none"},o=()=>{i.requestPictureInPicture().catch(r),s()};i.addEventListener("loadedmetadata",o),i.preload="metadata",setTimeout(()=>{i.readyState===0&&r(),s()},1e3)}else throw a}else throw a})}else F.pictureInPictureElement&&F.exitPictureInPicture()},mediaEvents:["enterpictureinpicture","leavepictureinpicture"]},mediaRenditionList:{get(t){var e;let{media:i}=t;return[...(e=i?.videoRenditions)!=null?e:[]].map(r=>({...r}))},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaRenditionSelected:{get(t){var e,i,r;let{media:a}=t;return(r=(i=a?.videoRenditions)==null?void 0:i[(e=a.videoRenditions)==null?void 0:e.selectedIndex])==null?void 0:r.id},set(t,e){let{media:i}=e;if(!i?.videoRenditions){console.warn("MediaController: Rendition selection not supported by this media.");return}let r=t,a=Array.prototype.findIndex.call(i.videoRenditions,s=>s.id==r);i.videoRenditions.selectedIndex!=a&&(i.videoRenditions.selectedIndex=a)},mediaEvents:["emptied"],videoRenditionsEvents:["addrendition","removerendition","change"]},mediaAudioTrackList:{get(t){var e;let{media:i}=t;return[...(e=i?.audioTracks)!=null?e:[]]},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaAudioTrackEnabled:{get(t){var e,i;let{media:r}=t;return(i=[...(e=r?.audioTracks)!=null?e:[]].find(a=>a.enabled))==null?void 0:i.id},set(t,e){let{media:i}=e;if(!i?.audioTracks){console.warn("MediaChrome: Audio track selection not supported by this media.");return}let r=t;for(let a of i.audioTracks)a.enabled=r==a.id},mediaEvents:["emptied"],audioTracksEvents:["addtrack","removetrack","change"]},mediaIsFullscreen:{get(t){return Hs(t)},set(t,e,i){var r,a;t?(Ns(e),i.detail&&!((r=e.media)!=null&&r.inert)&&((a=e.media)==null||a.focus())):Fs(e)},rootEvents:["fullscreenchange","webkitfullscreenchange"],mediaEvents:["webkitbeginfullscreen","webkitendfullscreen","webkitpresentationmodechanged"]},mediaIsCasting:{get(t){var e;let{media:i}=t;return!i?.remote||((e=i.remote)==null?void 0:e.state)==="disconnected"?!1:i.remote.state==="connected"},set(t,e){var i,r;let{media:a}=e;if(a&&!(t&&((i=a.remote)==null?void 0:i.state)!=="disconnected")&&!(!t&&((r=a.remote)==null?void 0:r.state)!=="connected")){if(typeof a.remote.prompt!="function"){console.warn("MediaChrome: Casting is not supported in this environment");return}a.remote.prompt().catch(()=>{})}},remoteEvents:["connect","connecting","disconnect"]},mediaIsAirplaying:{get(){return!1},set(t,e){let{media:i}=e;if(i){if(!(i.webkitShowPlaybackTargetPicker&&l.WebKitPlaybackTargetAvailabilityEvent)){console.error("MediaChrome: received a request to select AirPlay but AirPlay is not supported in this environment");return}i.webkitShowPlaybackTargetPicker()}},mediaEvents:["webkitcurrentplaybacktargetiswirelesschanged"]},mediaFullscreenUnavailable:{get(t){let{media:e}=t;if(!$s||!ea(e))return j.UNSUPPORTED}},mediaPipUnavailable:{get(t){let{media:e}=t;if(!Vs||!jr(e))return j.UNSUPPORTED;if(e?.disablePictureInPicture)return j.UNAVAILABLE}},mediaVolumeUnavailable:{get(t){let{media:e}=t;if(Ni===!1||e?.volume==null)return j.UNSUPPORTED},stateOwnersUpdateHandlers:[t=>{Ni==null&&yo.then(e=>t(e?void 0:j.UNSUPPORTED))}]},mediaCastUnavailable:{get(t,{availability:e="not-available"}={}){var i;let{media:r}=t;if(!Gs||!((i=r?.remote)!=null&&i.state))return j.UNSUPPORTED;if(!(e==null||e==="available"))return j.UNAVAILABLE},stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;return r?(r.disableRemotePlayback||r.hasAttribute("disableremoteplayback")||(i=r?.remote)==null||i.watchAvailability(s=>{t({availability:s?"available":"not-available"})}).catch(s=>{s.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var s;(s=r?.remote)==null||s.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaAirplayUnavailable:{get(t,e){if(!Ks)return j.UNSUPPORTED;if(e?.availability==="not-available")return j.UNAVAILABLE},mediaEvents:["webkitplaybacktargetavailabilitychanged"],stateOwnersUpdateHandlers:[(t,e)=>{var i;let{media:r}=e;return r?(r.disableRemotePlayback||r.hasAttribute("disableremoteplayback")||(i=r?.remote)==null||i.watchAvailability(s=>{t({availability:s?"available":"not-available"})}).catch(s=>{s.name==="NotSupportedError"?t({availability:null}):t({availability:"not-available"})}),()=>{var s;(s=r?.remote)==null||s.cancelWatchAvailability().catch(()=>{})}):void 0}]},mediaRenditionUnavailable:{get(t){var e;let{media:i}=t;if(!i?.videoRenditions)return j.UNSUPPORTED;if(!((e=i.videoRenditions)!=null&&e.length))return j.UNAVAILABLE},mediaEvents:["emptied","loadstart"],videoRenditionsEvents:["addrendition","removerendition"]},mediaAudioTrackUnavailable:{get(t){var e,i;let{media:r}=t;if(!r?.audioTracks)return j.UNSUPPORTED;if(((i=(e=r.audioTracks)==null?void 0:e.length)!=null?i:0)<=1)return j.UNAVAILABLE},mediaEvents:["emptied","loadstart"],audioTracksEvents:["addtrack","removetrack"]},mediaLang:{get(t){let{options:{mediaLang:e}={}}=t;return e??"en"}}};var Ys={[m.MEDIA_PREVIEW_REQUEST](t,e,{detail:i}){var r,a,s;let{media:o}=e,d=i??void 0,c,S;if(o&&d!=null){let[h]=Ze(o,{kind:J.METADATA,label:"thumbnails"}),_=Array.prototype.find.call((r=h?.cues)!=null?r:[],(E,k,b)=>k===0?E.endTime>d:k===b.length-1?E.startTime<=d:E.startTime<=d&&E.endTime>d);if(_){let E=/'^(?:[a-z]+:)?\/\//i.test(_.text)||(a=o?.querySelector('track[label="thumbnails"]'))==null?void 0:a.src,k=new URL(_.text,E);S=new URLSearchParams(k.hash).get("#xywh").split(",").map(z=>+z),c=k.href}}let A=t.mediaDuration.get(e),v=(s=t.mediaChaptersCues.get(e).find((h,_,E)=>_===E.length-1&&A===h.endTime?h.startTime<=d&&h.endTime>=d:h.startTime<=d&&h.endTime>d))==null?void 0:s.text;return i!=null&&v==null&&(v=""),{mediaPreviewTime:d,mediaPreviewImage:c,mediaPreviewCoords:S,mediaPreviewChapter:v}},[m.MEDIA_PAUSE_REQUEST](t,e){t["mediaPaused"].set(!0,e)},[m.MEDIA_PLAY_REQUEST](t,e){var i,r,a,s;let o="mediaPaused",c=t.mediaStreamType.get(e)===te.LIVE,S=!((i=e.options)!=null&&i.noAutoSeekToLive),A=t.mediaTargetLiveWindow.get(e)>0;if(c&&S&&!A){let g=(r=t.mediaSeekable.get(e))==null?void 0:r[1];if(g){let v=(s=(a=e.options)==null?void 0:a.seekToLiveOffset)!=null?s:0,h=g-v;t.mediaCurrentTime.set(h,e)}}t[o].set(!1,e)},[m.MEDIA_PLAYBACK_RATE_REQUEST](t,e,{detail:i}){let r="mediaPlaybackRate",a=i;t[r].set(a,e)},[m.MEDIA_MUTE_REQUEST](t,e){t["mediaMuted"].set(!0,e)},[m.MEDIA_UNMUTE_REQUEST](t,e){let i="mediaMuted";t.mediaVolume.get(e)||t.mediaVolume.set(.25,e),t[i].set(!1,e)},[m.MEDIA_LOOP_REQUEST](t,e,{detail:i}){let r="mediaLoop",a=!!i;return t[r].set(a,e),{mediaLoop:a}},[m.MEDIA_VOLUME_REQUEST](t,e,{detail:i}){let r="mediaVolume",a=i;a&&t.mediaMuted.get(e)&&t.mediaMuted.set(!1,e),t[r].set(a,e)},[m.MEDIA_SEEK_REQUEST](t,e,{detail:i}){let r="mediaCurrentTime",a=i;t[r].set(a,e)},[m.MEDIA_SEEK_TO_LIVE_REQUEST](t,e){var i,r,a;let s="mediaCurrentTime",o=(i=t.mediaSeekable.get(e))==null?void 0:i[1];if(Number.isNaN(Number(o)))return;let d=(a=(r=e.options)==null?void 0:r.seekToLiveOffset)!=null?a:0,c=o-d;t[s].set(c,e)},[m.MEDIA_SHOW_SUBTITLES_REQUEST](t,e,{detail:i}){var r;let{options:a}=e,s=At(e),o=Xr(i),d=(r=o[0])==null?void 0:r.language;d&&!a.noSubtitlesLangPref&&l.localStorage.setItem("media-chrome-pref-subtitles-lang",d),Xe(Re.SHOWING,s,o)},[m.MEDIA_DISABLE_SUBTITLES_REQUEST](t,e,{detail:i}){let r=At(e),a=i??[];Xe(Re.DISABLED,r,a)},[m.MEDIA_TOGGLE_SUBTITLES_REQUEST](t,e,{detail:i}){Pi(e,i)},[m.MEDIA_RENDITION_REQUEST](t,e,{detail:i}){let r="mediaRenditionSelected",a=i;t[r].set(a,e)},[m.MEDIA_AUDIO_TRACK_REQUEST](t,e,{detail:i}){let r="mediaAudioTrackEnabled",a=i;t[r].set(a,e)},[m.MEDIA_ENTER_PIP_REQUEST](t,e){let i="mediaIsPip";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[m.MEDIA_EXIT_PIP_REQUEST](t,e){t["mediaIsPip"].set(!1,e)},[m.MEDIA_ENTER_FULLSCREEN_REQUEST](t,e,i){let r="mediaIsFullscreen";t.mediaIsPip.get(e)&&t.mediaIsPip.set(!1,e),t[r].set(!0,e,i)},[m.MEDIA_EXIT_FULLSCREEN_REQUEST](t,e){t["mediaIsFullscreen"].set(!1,e)},[m.MEDIA_ENTER_CAST_REQUEST](t,e){let i="mediaIsCasting";t.mediaIsFullscreen.get(e)&&t.mediaIsFullscreen.set(!1,e),t[i].set(!0,e)},[m.MEDIA_EXIT_CAST_REQUEST](t,e){t["mediaIsCasting"].set(!1,e)},[m.MEDIA_AIRPLAY_REQUEST](t,e){t["mediaIsAirplaying"].set(!0,e)}};var Qs=({media:t,fullscreenElement:e,documentElement:i,stateMediator:r=Tt,requestMap:a=Ys,options:s={},monitorStateOwnersOnlyWithSubscriptions:o=!0})=>{let d=[],c={options:{...s}},S=Object.freeze({mediaPreviewTime:void 0,mediaPreviewImage:void 0,mediaPreviewCoords:void 0,mediaPreviewChapter:void 0}),A=E=>{E!=null&&(Oi(E,S)||(S=Object.freeze({...S,...E}),d.forEach(k=>k(S))))},g=()=>{let E=Object.entries(r).reduce((k,[b,{get:z}])=>(k[b]=z(c),k),{});A(E)},v={},h,_=async(E,k)=>{var b,z,Bt,Wt,st,ye,ke,$t,Ve,Pa,Oa,Na,Fa,Ha,Ba,Wa;let On=!!h;if(h={...c,...h??{},...E},On)return;await qs(...Object.values(E));let nt=d.length>0&&k===0&&o,$a=c.media!==h.media,Va=((b=c.media)==null?void 0:b.textTracks)!==((z=h.media)==null?void 0:z.textTracks),Ka=((Bt=c.media)==null?void 0:Bt.videoRenditions)!==((Wt=h.media)==null?void 0:Wt.videoRenditions),Ga=((st=c.media)==null?void 0:st.audioTracks)!==((ye=h.media)==null?void 0:ye.audioTracks),qa=((ke=c.media)==null?void 0:ke.remote)!==(($t=h.media)==null?void 0:$t.remote),Ya=c.documentElement!==h.documentElement,Qa=!!c.media&&($a||nt),za=!!((Ve=c.media)!=null&&Ve.textTracks)&&(Va||nt),Xa=!!((Pa=c.media)!=null&&Pa.videoRenditions)&&(Ka||nt),Za=!!((Oa=c.media)!=null&&Oa.audioTracks)&&(Ga||nt),Ja=!!((Na=c.media)!=null&&Na.remote)&&(qa||nt),ja=!!c.documentElement&&(Ya||nt),Lr=Qa||za||Xa||Za||Ja||ja,ot=d.length===0&&k===1&&o,es=!!h.media&&($a||ot),ts=!!((Fa=h.media)!=null&&Fa.textTracks)&&(Va||ot),is=!!((Ha=h.media)!=null&&Ha.videoRenditions)&&(Ka||ot),rs=!!((Ba=h.media)!=null&&Ba.audioTracks)&&(Ga||ot),as=!!((Wa=h.media)!=null&&Wa.remote)&&(qa||ot),ss=!!h.documentElement&&(Ya||ot),ns=es||ts||is||rs||as||ss;if(!(Lr||ns)){Object.entries(h).forEach(([R,Vt])=>{c[R]=Vt}),g(),h=void 0;return}Object.entries(r).forEach(([R,{get:Vt,mediaEvents:Nn=[],textTracksEvents:Fn=[],videoRenditionsEvents:Hn=[],audioTracksEvents:Bn=[],remoteEvents:Wn=[],rootEvents:$n=[],stateOwnersUpdateHandlers:Vn=[]}])=>{v[R]||(v[R]={});let ee=x=>{let N=Vt(c,x);A({[R]:N})},W;W=v[R].mediaEvents,Nn.forEach(x=>{W&&Qa&&(c.media.removeEventListener(x,W),v[R].mediaEvents=void 0),es&&(h.media.addEventListener(x,ee),v[R].mediaEvents=ee)}),W=v[R].textTracksEvents,Fn.forEach(x=>{var N,le;W&&za&&((N=c.media.textTracks)==null||N.removeEventListener(x,W),v[R].textTracksEvents=void 0),ts&&((le=h.media.textTracks)==null||le.addEventListener(x,ee),v[R].textTracksEvents=ee)}),W=v[R].videoRenditionsEvents,Hn.forEach(x=>{var N,le;W&&Xa&&((N=c.media.videoRenditions)==null||N.removeEventListener(x,W),v[R].videoRenditionsEvents=void 0),is&&((le=h.media.videoRenditions)==null||le.addEventListener(x,ee),v[R].videoRenditionsEvents=ee)}),W=v[R].audioTracksEvents,Bn.forEach(x=>{var N,le;W&&Za&&((N=c.media.audioTracks)==null||N.removeEventListener(x,W),v[R].audioTracksEvents=void 0),rs&&((le=h.media.audioTracks)==null||le.addEventListener(x,ee),v[R].audioTracksEvents=ee)}),W=v[R].remoteEvents,Wn.forEach(x=>{var N,le;W&&Ja&&((N=c.media.remote)==null||N.removeEventListener(x,W),v[R].remoteEvents=void 0),as&&((le=h.media.remote)==null||le.addEventListener(x,ee),v[R].remoteEvents=ee)}),W=v[R].rootEvents,$n.forEach(x=>{W&&ja&&(c.documentElement.removeEventListener(x,W),v[R].rootEvents=void 0),ss&&(h.documentElement.addEventListener(x,ee),v[R].rootEvents=ee)});let hi=v[R].stateOwnersUpdateHandlers;if(hi&&Lr&&(Array.isArray(hi)?hi:[hi]).forEach(N=>{typeof N=="function"&&N()}),ns){let x=Vn.map(N=>N(ee,h)).filter(N=>typeof N=="function");v[R].stateOwnersUpdateHandlers=x.length===1?x[0]:x}else Lr&&(v[R].stateOwnersUpdateHandlers=void 0)}),Object.entries(h).forEach(([R,Vt])=>{c[R]=Vt}),g(),h=void 0};return _({media:t,fullscreenElement:e,documentElement:i,options:s}),{dispatch(E){let{type:k,detail:b}=E;if(a[k]&&S.mediaErrorCode==null){A(a[k](r,c,E));return}k==="mediaelementchangerequest"?_({media:b}):k==="fullscreenelementchangerequest"?_({fullscreenElement:b}):k==="documentelementchangerequest"?_({documentElement:b}):k==="optionschangerequest"&&(Object.entries(b??{}).forEach(([z,Bt])=>{c.options[z]=Bt}),g())},getState(){return S},subscribe(E){return _({},d.length+1),d.push(E),E(S),()=>{let k=d.indexOf(E);k>=0&&(_({},d.length-1),d.splice(k,1))}}}};var na=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},p=(t,e,i)=>(na(t,e,"read from private field"),i?i.call(t):e.get(t)),ie=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},he=(t,e,i,r)=>(na(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Oe=(t,e,i)=>(na(t,e,"access private method"),i),Le,jt,w,re,ei,fe,Fi,ti,Hi,ia,je,Bi,ra,ii,Wi,aa,tn,rn=["ArrowLeft","ArrowRight","ArrowUp","ArrowDown","Enter"," ","f","m","k","c","l","j",">","<","p"],zs=10,Xs=.025,Zs=.25,Mo=.25,Lo=2,u={DEFAULT_SUBTITLES:"defaultsubtitles",DEFAULT_STREAM_TYPE:"defaultstreamtype",DEFAULT_DURATION:"defaultduration",FULLSCREEN_ELEMENT:"fullscreenelement",HOTKEYS:"hotkeys",KEYBOARD_BACKWARD_SEEK_OFFSET:"keyboardbackwardseekoffset",KEYBOARD_FORWARD_SEEK_OFFSET:"keyboardforwardseekoffset",KEYBOARD_DOWN_VOLUME_STEP:"keyboarddownvolumestep",KEYBOARD_UP_VOLUME_STEP:"keyboardupvolumestep",KEYS_USED:"keysused",LANG:"lang",LOOP:"loop",LIVE_EDGE_OFFSET:"liveedgeoffset",NO_AUTO_SEEK_TO_LIVE:"noautoseektolive",NO_DEFAULT_STORE:"nodefaultstore",NO_HOTKEYS:"nohotkeys",NO_MUTED_PREF:"nomutedpref",NO_SUBTITLES_LANG_PREF:"nosubtitleslangpref",NO_VOLUME_PREF:"novolumepref",SEEK_TO_LIVE_OFFSET:"seektoliveoffset"},$i=class extends Ge{constructor(){super(),ie(this,Hi),ie(this,Bi),ie(this,ii),ie(this,aa),this.mediaStateReceivers=[],this.associatedElementSubscriptions=new Map,ie(this,Le,new Ci(this,u.HOTKEYS)),ie(this,jt,void 0),ie(this,w,void 0),ie(this,re,null),ie(this,ei,void 0),ie(this,fe,void 0),ie(this,Fi,i=>{var r;(r=p(this,w))==null||r.dispatch(i)}),ie(this,ti,void 0),ie(this,je,i=>{let{key:r,shiftKey:a}=i;if(!(a&&(r==="/"||r==="?")||rn.includes(r))){this.removeEventListener("keyup",p(this,je));return}this.keyboardShortcutHandler(i)}),this.associateElement(this);let e={};he(this,ei,i=>{Object.entries(i).forEach(([r,a])=>{if(r in e&&e[r]===a)return;this.propagateMediaState(r,a);let s=r.toLowerCase(),o=new l.CustomEvent(cs[s],{composed:!0,detail:a});this.dispatchEvent(o)}),e=i})}static get observedAttributes(){return super.observedAttributes.concat(u.NO_HOTKEYS,u.HOTKEYS,u.DEFAULT_STREAM_TYPE,u.DEFAULT_SUBTITLES,u.DEFAULT_DURATION,u.NO_MUTED_PREF,u.NO_VOLUME_PREF,u.LANG,u.LOOP,u.LIVE_EDGE_OFFSET,u.SEEK_TO_LIVE_OFFSET,u.NO_AUTO_SEEK_TO_LIVE)}get mediaStore(){return p(this,w)}set mediaStore(e){var i,r;if(p(this,w)&&((i=p(this,fe))==null||i.call(this),he(this,fe,void 0)),he(this,w,e),!p(this,w)&&!this.hasAttribute(u.NO_DEFAULT_STORE)){Oe(this,Hi,ia).call(this);return}he(this,fe,(r=p(this,w))==null?void 0:r.subscribe(p(this,ei)))}get fullscreenElement(){var e;return(e=p(this,jt))!=null?e:this}set fullscreenElement(e){var i;this.hasAttribute(u.FULLSCREEN_ELEMENT)&&this.removeAttribute(u.FULLSCREEN_ELEMENT),he(this,jt,e),(i=p(this,w))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}get defaultSubtitles(){return I(this,u.DEFAULT_SUBTITLES)}set defaultSubtitles(e){y(this,u.DEFAULT_SUBTITLES,e)}get defaultStreamType(){return D(this,u.DEFAULT_STREAM_TYPE)}set defaultStreamType(e){L(this,u.DEFAULT_STREAM_TYPE,e)}get defaultDuration(){return Y(this,u.DEFAULT_DURATION)}set defaultDuration(e){Q(this,u.DEFAULT_DURATION,e)}get noHotkeys(){return I(this,u.NO_HOTKEYS)}set noHotkeys(e){y(this,u.NO_HOTKEYS,e)}get keysUsed(){return D(this,u.KEYS_USED)}set keysUsed(e){L(this,u.KEYS_USED,e)}get liveEdgeOffset(){return Y(this,u.LIVE_EDGE_OFFSET)}set liveEdgeOffset(e){Q(this,u.LIVE_EDGE_OFFSET,e)}get noAutoSeekToLive(){return I(this,u.NO_AUTO_SEEK_TO_LIVE)}set noAutoSeekToLive(e){y(this,u.NO_AUTO_SEEK_TO_LIVE,e)}get noVolumePref(){return I(this,u.NO_VOLUME_PREF)}set noVolumePref(e){y(this,u.NO_VOLUME_PREF,e)}get noMutedPref(){return I(this,u.NO_MUTED_PREF)}set noMutedPref(e){y(this,u.NO_MUTED_PREF,e)}get noSubtitlesLangPref(){return I(this,u.NO_SUBTITLES_LANG_PREF)}set noSubtitlesLangPref(e){y(this,u.NO_SUBTITLES_LANG_PREF,e)}get noDefaultStore(){return I(this,u.NO_DEFAULT_STORE)}set noDefaultStore(e){y(this,u.NO_DEFAULT_STORE,e)}get resolvedLang(){return bs()}attributeChangedCallback(e,i,r){var a,s,o,d,c,S,A,g,v,h,_,E;if(super.attributeChangedCallback(e,i,r),e===u.NO_HOTKEYS)r!==i&&r===""?(this.hasAttribute(u.HOTKEYS)&&console.warn("Media Chrome: Both `hotkeys` and `nohotkeys` have been set. All hotkeys will be disabled."),this.disableHotkeys()):r!==i&&r===null&&this.enableHotkeys(),Oe(this,ii,Wi).call(this);else if(e===u.HOTKEYS)p(this,Le).value=r,Oe(this,ii,Wi).call(this);else if(e===u.DEFAULT_SUBTITLES&&r!==i)(a=p(this,w))==null||a.dispatch({type:"optionschangerequest",detail:{defaultSubtitles:this.hasAttribute(u.DEFAULT_SUBTITLES)}});else if(e===u.DEFAULT_STREAM_TYPE)(o=p(this,w))==null||o.dispatch({type:"optionschangerequest",detail:{defaultStreamType:(s=this.getAttribute(u.DEFAULT_STREAM_TYPE))!=null?s:void 0}});else if(e===u.LIVE_EDGE_OFFSET&&r!==i)(d=p(this,w))==null||d.dispatch({type:"optionschangerequest",detail:{liveEdgeOffset:this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0}});else if(e===u.SEEK_TO_LIVE_OFFSET&&r!==i)(c=p(this,w))==null||c.dispatch({type:"optionschangerequest",detail:{seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0}});else if(e===u.NO_AUTO_SEEK_TO_LIVE)(S=p(this,w))==null||S.dispatch({type:"optionschangerequest",detail:{noAutoSeekToLive:this.hasAttribute(u.NO_AUTO_SEEK_TO_LIVE)}});else if(e===u.FULLSCREEN_ELEMENT){let k=r?(A=this.getRootNode())==null?void 0:A.getElementById(r):void 0;he(this,jt,k),(g=p(this,w))==null||g.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement})}else e===u.LANG&&r!==i?(Or(r),(v=p(this,w))==null||v.dispatch({type:"optionschangerequest",detail:{mediaLang:r}})):e===u.LOOP&&r!==i?(h=p(this,w))==null||h.dispatch({type:m.MEDIA_LOOP_REQUEST,detail:r!=null}):e===u.NO_VOLUME_PREF&&r!==i?(_=p(this,w))==null||_.dispatch({type:"optionschangerequest",detail:{noVolumePref:this.hasAttribute(u.NO_VOLUME_PREF)}}):e===u.NO_MUTED_PREF&&r!==i&&((E=p(this,w))==null||E.dispatch({type:"optionschangerequest",detail:{noMutedPref:this.hasAttribute(u.NO_MUTED_PREF)}}))}connectedCallback(){var e,i,r;this.associateElement(this),!p(this,w)&&!this.hasAttribute(u.NO_DEFAULT_STORE)&&Oe(this,Hi,ia).call(this),(e=p(this,w))==null||e.dispatch({type:"documentelementchangerequest",detail:F}),(i=p(this,w))==null||i.dispatch({type:"fullscreenelementchangerequest",detail:this.fullscreenElement}),super.connectedCallback(),p(this,w)&&!p(this,fe)&&he(this,fe,(r=p(this,w))==null?void 0:r.subscribe(p(this,ei))),p(this,ti)!==void 0&&p(this,w)&&this.media&&setTimeout(()=>{var a,s,o;(s=(a=this.media)==null?void 0:a.textTracks)!=null&&s.length&&((o=p(this,w))==null||o.dispatch({type:m.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:p(this,ti)}))},0),this.hasAttribute(u.NO_HOTKEYS)?this.disableHotkeys():this.enableHotkeys()}disconnectedCallback(){var e,i,r,a,s,o;if((e=super.disconnectedCallback)==null||e.call(this),this.disableHotkeys(),p(this,w)){let d=p(this,w).getState();he(this,ti,!!((i=d.mediaSubtitlesShowing)!=null&&i.length)),(r=p(this,w))==null||r.dispatch({type:"fullscreenelementchangerequest",detail:void 0}),(a=p(this,w))==null||a.dispatch({type:"documentelementchangerequest",detail:void 0}),(s=p(this,w))==null||s.dispatch({type:m.MEDIA_TOGGLE_SUBTITLES_REQUEST,detail:!1})}p(this,fe)&&((o=p(this,fe))==null||o.call(this),he(this,fe,void 0)),this.unassociateElement(this),p(this,re)&&(p(this,re).remove(),he(this,re,null))}mediaSetCallback(e){var i;super.mediaSetCallback(e),(i=p(this,w))==null||i.dispatch({type:"mediaelementchangerequest",detail:e}),e.hasAttribute("tabindex")||(e.tabIndex=-1)}mediaUnsetCallback(e){var i;super.mediaUnsetCallback(e),(i=p(this,w))==null||i.dispatch({type:"mediaelementchangerequest",detail:void 0})}propagateMediaState(e,i){en(this.mediaStateReceivers,e,i)}associateElement(e){if(!e)return;let{associatedElementSubscriptions:i}=this;if(i.has(e))return;let r=this.registerMediaStateReceiver.bind(this),a=this.unregisterMediaStateReceiver.bind(this),s=Po(e,r,a);Object.values(m).forEach(o=>{e.addEventListener(o,p(this,Fi))}),i.set(e,s)}unassociateElement(e){if(!e)return;let{associatedElementSubscriptions:i}=this;if(!i.has(e))return;i.get(e)(),i.delete(e),Object.values(m).forEach(a=>{e.removeEventListener(a,p(this,Fi))})}registerMediaStateReceiver(e){if(!e)return;let i=this.mediaStateReceivers;i.indexOf(e)>-1||(i.push(e),p(this,w)&&Object.entries(p(this,w).getState()).forEach(([a,s])=>{en([e],a,s)}))}unregisterMediaStateReceiver(e){let i=this.mediaStateReceivers,r=i.indexOf(e);r<0||i.splice(r,1)}enableHotkeys(){this.addEventListener("keydown",Oe(this,Bi,ra))}disableHotkeys(){this.removeEventListener("keydown",Oe(this,Bi,ra)),this.removeEventListener("keyup",p(this,je))}get hotkeys(){return p(this,Le)}set hotkeys(e){L(this,u.HOTKEYS,e)}keyboardShortcutHandler(e){var i,r,a,s,o,d,c,S,A;let g=e.target;if(((a=(r=(i=g.getAttribute(u.KEYS_USED))==null?void 0:i.split(" "))!=null?r:g?.keysUsed)!=null?a:[]).map(b=>b==="Space"?" ":b).filter(Boolean).includes(e.key))return;let h,_,E;if(!(p(this,Le).contains(Li(e.key))||e.shiftKey&&(e.key==="/"||e.key==="?")&&p(this,Le).contains("noshift+/")))switch(e.key){case" ":case"k":h=p(this,w).getState().mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"m":h=this.mediaStore.getState().mediaVolumeLevel==="off"?m.MEDIA_UNMUTE_REQUEST:m.MEDIA_MUTE_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"f":h=this.mediaStore.getState().mediaIsFullscreen?m.MEDIA_EXIT_FULLSCREEN_REQUEST:m.MEDIA_ENTER_FULLSCREEN_REQUEST,this.dispatchEvent(new l.CustomEvent(h,{composed:!0,bubbles:!0}));break;case"c":this.dispatchEvent(new l.CustomEvent(m.MEDIA_TOGGLE_SUBTITLES_REQUEST,{composed:!0,bubbles:!0}));break;case"ArrowLeft":case"j":{let b=this.hasAttribute(u.KEYBOARD_BACKWARD_SEEK_OFFSET)?+this.getAttribute(u.KEYBOARD_BACKWARD_SEEK_OFFSET):zs;_=Math.max(((s=this.mediaStore.getState().mediaCurrentTime)!=null?s:0)-b,0),E=new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowRight":case"l":{let b=this.hasAttribute(u.KEYBOARD_FORWARD_SEEK_OFFSET)?+this.getAttribute(u.KEYBOARD_FORWARD_SEEK_OFFSET):zs;_=Math.max(((o=this.mediaStore.getState().mediaCurrentTime)!=null?o:0)+b,0),E=new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowUp":{let b=this.hasAttribute(u.KEYBOARD_UP_VOLUME_STEP)?+this.getAttribute(u.KEYBOARD_UP_VOLUME_STEP):Xs;_=Math.min(((d=this.mediaStore.getState().mediaVolume)!=null?d:1)+b,1),E=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"ArrowDown":{let b=this.hasAttribute(u.KEYBOARD_DOWN_VOLUME_STEP)?+this.getAttribute(u.KEYBOARD_DOWN_VOLUME_STEP):Xs;_=Math.max(((c=this.mediaStore.getState().mediaVolume)!=null?c:1)-b,0),E=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"<":{let b=(S=this.mediaStore.getState().mediaPlaybackRate)!=null?S:1;_=Math.max(b-Zs,Mo).toFixed(2),E=new l.CustomEvent(m.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case">":{let b=(A=this.mediaStore.getState().mediaPlaybackRate)!=null?A:1;_=Math.min(b+Zs,Lo).toFixed(2),E=new l.CustomEvent(m.MEDIA_PLAYBACK_RATE_REQUEST,{composed:!0,bubbles:!0,detail:_}),this.dispatchEvent(E);break}case"/":case"?":{e.shiftKey&&Oe(this,aa,tn).call(this);break}case"p":{h=this.mediaStore.getState().mediaIsPip?m.MEDIA_EXIT_PIP_REQUEST:m.MEDIA_ENTER_PIP_REQUEST,E=new l.CustomEvent(h,{composed:!0,bubbles:!0}),this.dispatchEvent(E);break}default:break}}};Le=new WeakMap;jt=new WeakMap;w=new WeakMap;re=new WeakMap;ei=new WeakMap;fe=new WeakMap;Fi=new WeakMap;ti=new WeakMap;Hi=new WeakSet;ia=function(){var t;this.mediaStore=Qs({media:this.media,fullscreenElement:this.fullscreenElement,options:{defaultSubtitles:this.hasAttribute(u.DEFAULT_SUBTITLES),defaultDuration:this.hasAttribute(u.DEFAULT_DURATION)?+this.getAttribute(u.DEFAULT_DURATION):void 0,defaultStreamType:(t=this.getAttribute(u.DEFAULT_STREAM_TYPE))!=null?t:void 0,liveEdgeOffset:this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,seekToLiveOffset:this.hasAttribute(u.SEEK_TO_LIVE_OFFSET)?+this.getAttribute(u.SEEK_TO_LIVE_OFFSET):this.hasAttribute(u.LIVE_EDGE_OFFSET)?+this.getAttribute(u.LIVE_EDGE_OFFSET):void 0,noAutoSeekToLive:this.hasAttribute(u.NO_AUTO_SEEK_TO_LIVE),noVolumePref:this.hasAttribute(u.NO_VOLUME_PREF),noMutedPref:this.hasAttribute(u.NO_MUTED_PREF),noSubtitlesLangPref:this.hasAttribute(u.NO_SUBTITLES_LANG_PREF)}})};je=new WeakMap;Bi=new WeakSet;ra=function(t){var e;let{metaKey:i,altKey:r,key:a,shiftKey:s}=t,o=s&&(a==="/"||a==="?");if(o&&((e=p(this,re))!=null&&e.open)){this.removeEventListener("keyup",p(this,je));return}if(i||r||!o&&!rn.includes(a)){this.removeEventListener("keyup",p(this,je));return}let d=t.target,c=d instanceof HTMLElement&&(d.tagName.toLowerCase()==="media-volume-range"||d.tagName.toLowerCase()==="media-time-range");[" ","ArrowLeft","ArrowRight","ArrowUp","ArrowDown"].includes(a)&&!p(this,Le).contains(Li(a))&&!c&&t.preventDefault(),this.addEventListener("keyup",p(this,je),{once:!0})};ii=new WeakSet;Wi=function(){p(this,re)&&(p(this,re).hotkeys=p(this,Le).value||void 0,(this.noHotkeys||p(this,Le).contains("noshift+/"))&&(p(this,re).open=!1))};aa=new WeakSet;tn=function(){p(this,re)||(he(this,re,F.createElement("media-keyboard-shortcuts-dialog")),Oe(this,ii,Wi).call(this),this.appendChild(p(this,re))),p(this,re).open=!0};var Ro=Object.values(n),Do=Object.values(Dr),an=t=>{var e,i,r,a;let{observedAttributes:s}=t.constructor;!s&&((e=t.nodeName)!=null&&e.includes("-"))&&(l.customElements.upgrade(t),{observedAttributes:s}=t.constructor);let o=(a=(r=(i=t?.getAttribute)==null?void 0:i.call(t,M.MEDIA_CHROME_ATTRIBUTES))==null?void 0:r.split)==null?void 0:a.call(r,/\s+/);return Array.isArray(s||o)?(s||o).filter(d=>Ro.includes(d)):[]},Co=t=>{var e,i;return(e=t.nodeName)!=null&&e.includes("-")&&l.customElements.get((i=t.nodeName)==null?void 0:i.toLowerCase())&&!(t instanceof l.customElements.get(t.nodeName.toLowerCase()))&&l.customElements.upgrade(t),Do.some(r=>r in t)},sa=t=>Co(t)||!!an(t).length,Js=t=>{var e;return(e=t?.join)==null?void 0:e.call(t,":")},js={[n.MEDIA_SUBTITLES_LIST]:Zr,[n.MEDIA_SUBTITLES_SHOWING]:Zr,[n.MEDIA_SEEKABLE]:Js,[n.MEDIA_BUFFERED]:t=>t?.map(Js).join(" "),[n.MEDIA_PREVIEW_COORDS]:t=>t?.join(" "),[n.MEDIA_RENDITION_LIST]:Cs,[n.MEDIA_AUDIO_TRACK_LIST]:Us},Uo=async(t,e,i)=>{var r,a;if(t.isConnected||await Ui(0),typeof i=="boolean"||i==null)return y(t,e,i);if(typeof i=="number")return Q(t,e,i);if(typeof i=="string")return L(t,e,i);if(Array.isArray(i)&&!i.length)return t.removeAttribute(e);let s=(a=(r=js[e])==null?void 0:r.call(js,i))!=null?a:i;return t.setAttribute(e,s)},xo=t=>{var e;return!!((e=t.closest)!=null&&e.call(t,'*[slot="media"]'))},Je=(t,e)=>{if(xo(t))return;let i=(a,s)=>{var o,d;sa(a)&&s(a);let{children:c=[]}=a??{},S=(d=(o=a?.shadowRoot)==null?void 0:o.children)!=null?d:[];[...c,...S].forEach(g=>Je(g,s))},r=t?.nodeName.toLowerCase();if(r.includes("-")&&!sa(t)){l.customElements.whenDefined(r).then(()=>{i(t,e)});return}i(t,e)},en=(t,e,i)=>{t.forEach(r=>{if(e in r){r[e]=i;return}let a=an(r),s=e.toLowerCase();a.includes(s)&&Uo(r,s,i)})},Po=(t,e,i)=>{Je(t,e);let r=A=>{var g;let v=(g=A?.composedPath()[0])!=null?g:A.target;e(v)},a=A=>{var g;let v=(g=A?.composedPath()[0])!=null?g:A.target;i(v)};t.addEventListener(m.REGISTER_MEDIA_STATE_RECEIVER,r),t.addEventListener(m.UNREGISTER_MEDIA_STATE_RECEIVER,a);let s=A=>{A.forEach(g=>{let{addedNodes:v=[],removedNodes:h=[],type:_,target:E,attributeName:k}=g;_==="childList"?(Array.prototype.forEach.call(v,b=>Je(b,e)),Array.prototype.forEach.call(h,b=>Je(b,i))):_==="attributes"&&k===M.MEDIA_CHROME_ATTRIBUTES&&(sa(E)?e(E):i(E))})},o=[],d=A=>{let g=A.target;g.name!=="media"&&(o.forEach(v=>Je(v,i)),o=[...g.assignedElements({flatten:!0})],o.forEach(v=>Je(v,e)))};t.addEventListener("slotchange",d);let c=new MutationObserver(s);return c.observe(t,{childList:!0,attributes:!0,subtree:!0}),()=>{Je(t,i),t.removeEventListener("slotchange",d),c.disconnect(),t.removeEventListener(m.REGISTER_MEDIA_STATE_RECEIVER,r),t.removeEventListener(m.UNREGISTER_MEDIA_STATE_RECEIVER,a)}};l.customElements.get("media-controller")||l.customElements.define("media-controller",$i);var Oo=$i;var St={PLACEMENT:"placement",BOUNDS:"bounds"};function No(t){return`
    <style>
      :host {
        --_tooltip-background-color: var(--media-tooltip-background-color, var(--media-secondary-color, rgba(20, 20, 30, .7)));
        --_tooltip-background: var(--media-tooltip-background, var(--_tooltip-background-color));
        --_tooltip-arrow-half-width: calc(var(--media-tooltip-arrow-width, 12px) / 2);
        --_tooltip-arrow-height: var(--media-tooltip-arrow-height, 5px);
        --_tooltip-arrow-background: var(--media-tooltip-arrow-color, var(--_tooltip-background-color));
        position: relative;
        pointer-events: none;
        display: var(--media-tooltip-display, inline-flex);
        justify-content: center;
        align-items: center;
        box-sizing: border-box;
        z-index: var(--media-tooltip-z-index, 1);
        background: var(--_tooltip-background);
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        font: var(--media-font,
          var(--media-font-weight, 400)
          var(--media-font-size, 13px) /
          var(--media-text-content-height, var(--media-control-height, 18px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        padding: var(--media-tooltip-padding, .35em .7em);
        border: var(--media-tooltip-border, none);
        border-radius: var(--media-tooltip-border-radius, 5px);
        filter: var(--media-tooltip-filter, drop-shadow(0 0 4px rgba(0, 0, 0, .2)));
        white-space: var(--media-tooltip-white-space, nowrap);
      }

      :host([hidden]) {
        display: none;
      }

      img, svg {
        display: inline-block;
      }

      #arrow {
        position: absolute;
        width: 0px;
        height: 0px;
        border-style: solid;
        display: var(--media-tooltip-arrow-display, block);
      }

      :host(:not([placement])),
      :host([placement="top"]) {
        position: absolute;
        bottom: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host(:not([placement])) #arrow,
      :host([placement="top"]) #arrow {
        top: 100%;
        left: 50%;
        border-width: var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width);
        border-color: var(--_tooltip-arrow-background) transparent transparent transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="right"]) {
        position: absolute;
        left: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="right"]) #arrow {
        top: 50%;
        right: 100%;
        border-width: var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width) 0;
        border-color: transparent var(--_tooltip-arrow-background) transparent transparent;
        transform: translate(0, -50%);
      }

      :host([placement="bottom"]) {
        position: absolute;
        top: calc(100% + var(--media-tooltip-distance, 12px));
        left: 50%;
        transform: translate(calc(-50% - var(--media-tooltip-offset-x, 0px)), 0);
      }
      :host([placement="bottom"]) #arrow {
        bottom: 100%;
        left: 50%;
        border-width: 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height) var(--_tooltip-arrow-half-width);
        border-color: transparent transparent var(--_tooltip-arrow-background) transparent;
        transform: translate(calc(-50% + var(--media-tooltip-offset-x, 0px)), 0);
      }

      :host([placement="left"]) {
        position: absolute;
        right: calc(100% + var(--media-tooltip-distance, 12px));
        top: 50%;
        transform: translate(0, -50%);
      }
      :host([placement="left"]) #arrow {
        top: 50%;
        left: 100%;
        border-width: var(--_tooltip-arrow-half-width) 0 var(--_tooltip-arrow-half-width) var(--_tooltip-arrow-height);
        border-color: transparent transparent transparent var(--_tooltip-arrow-background);
        transform: translate(0, -50%);
      }
      
      :host([placement="none"]) #arrow {
        display: none;
      }
    </style>
    <slot></slot>
    <div id="arrow"></div>
  `}var It=class extends l.HTMLElement{constructor(){if(super(),this.updateXOffset=()=>{var e;if(!gi(this,{checkOpacity:!1,checkVisibilityCSS:!1}))return;let i=this.placement;if(i==="left"||i==="right"){this.style.removeProperty("--media-tooltip-offset-x");return}let r=getComputedStyle(this),a=(e=De(this,"#"+this.bounds))!=null?e:Es(this);if(!a)return;let{x:s,width:o}=a.getBoundingClientRect(),{x:d,width:c}=this.getBoundingClientRect(),S=d+c,A=s+o,g=r.getPropertyValue("--media-tooltip-offset-x"),v=g?parseFloat(g.replace("px","")):0,h=r.getPropertyValue("--media-tooltip-container-margin"),_=h?parseFloat(h.replace("px","")):0,E=d-s+v-_,k=S-A+v+_;if(E<0){this.style.setProperty("--media-tooltip-offset-x",`${E}px`);return}if(k>0){this.style.setProperty("--media-tooltip-offset-x",`${k}px`);return}this.style.removeProperty("--media-tooltip-offset-x")},!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}if(this.arrowEl=this.shadowRoot.querySelector("#arrow"),Object.prototype.hasOwnProperty.call(this,"placement")){let e=this.placement;delete this.placement,this.placement=e}}static get observedAttributes(){return[St.PLACEMENT,St.BOUNDS]}get placement(){return D(this,St.PLACEMENT)}set placement(e){L(this,St.PLACEMENT,e)}get bounds(){return D(this,St.BOUNDS)}set bounds(e){L(this,St.BOUNDS,e)}};It.shadowRootOptions={mode:"open"};It.getTemplateHTML=No;l.customElements.get("media-tooltip")||l.customElements.define("media-tooltip",It);var Vi=It;var da=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},H=(t,e,i)=>(da(t,e,"read from private field"),i?i.call(t):e.get(t)),et=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ki=(t,e,i,r)=>(da(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),sn=(t,e,i)=>(da(t,e,"access private method"),i),_e,kt,oa,nn,Fe,yt,Gi,la,on,Ne={TOOLTIP_PLACEMENT:"tooltipplacement",DISABLED:"disabled",NO_TOOLTIP:"notooltip"};function Fo(t,e={}){return`
    <style>
      :host {
        position: relative;
        font: var(--media-font,
          var(--media-font-weight, bold)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        padding: var(--media-button-padding, var(--media-control-padding, 10px));
        justify-content: var(--media-button-justify-content, center);
        display: inline-flex;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        transition: background .15s linear;
        pointer-events: auto;
        cursor: var(--media-cursor, pointer);
        -webkit-tap-highlight-color: transparent;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }
      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgba(50 50 70 / .7));
      }

      slot[name="icon"] {
        display: inline-flex;
        align-items: center;
      }

      svg, img, ::slotted(svg), ::slotted(img) {
        width: var(--media-button-icon-width);
        height: var(--media-button-icon-height, var(--media-control-height, 24px));
        transform: var(--media-button-icon-transform);
        transition: var(--media-button-icon-transition);
        fill: var(--media-icon-color, var(--media-primary-color, rgb(238 238 238)));
        vertical-align: middle;
        max-width: 100%;
        max-height: 100%;
        min-width: 100%;
      }

      media-tooltip {
        
        max-width: 0;
        overflow-x: clip;
        opacity: 0;
        transition: opacity .3s, max-width 0s 9s;
      }

      :host(:hover) media-tooltip,
      :host(:focus-visible) media-tooltip {
        max-width: 100vw;
        opacity: 1;
        transition: opacity .3s;
      }

      :host([notooltip]) slot[name="tooltip"] {
        display: none;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}

    <slot name="tooltip">
      <media-tooltip part="tooltip" aria-hidden="true">
        <template shadowrootmode="${Vi.shadowRootOptions.mode}">
          ${Vi.getTemplateHTML({})}
        </template>
        <slot name="tooltip-content">
          ${this.getTooltipContentHTML(t)}
        </slot>
      </media-tooltip>
    </slot>
  `}function Ho(t,e){return`
    <slot></slot>
  `}function Bo(){return""}var Z=class extends l.HTMLElement{constructor(){if(super(),et(this,oa),et(this,la),et(this,_e,void 0),this.preventClick=!1,this.tooltipEl=null,et(this,kt,e=>{this.preventClick||this.handleClick(e),setTimeout(H(this,Fe),0)}),et(this,Fe,()=>{var e,i;(i=(e=this.tooltipEl)==null?void 0:e.updateXOffset)==null||i.call(e)}),et(this,yt,e=>{let{key:i}=e;if(!this.keysUsed.includes(i)){this.removeEventListener("keyup",H(this,yt));return}this.preventClick||this.handleClick(e)}),et(this,Gi,e=>{let{metaKey:i,altKey:r,key:a}=e;if(i||r||!this.keysUsed.includes(a)){this.removeEventListener("keyup",H(this,yt));return}this.addEventListener("keyup",H(this,yt),{once:!0})}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}this.tooltipEl=this.shadowRoot.querySelector("media-tooltip")}static get observedAttributes(){return["disabled",Ne.TOOLTIP_PLACEMENT,M.MEDIA_CONTROLLER,n.MEDIA_LANG]}enable(){this.addEventListener("click",H(this,kt)),this.addEventListener("keydown",H(this,Gi)),this.tabIndex=0}disable(){this.removeEventListener("click",H(this,kt)),this.removeEventListener("keydown",H(this,Gi)),this.removeEventListener("keyup",H(this,yt)),this.tabIndex=-1}attributeChangedCallback(e,i,r){var a,s,o,d,c;e===M.MEDIA_CONTROLLER?(i&&((s=(a=H(this,_e))==null?void 0:a.unassociateElement)==null||s.call(a,this),Ki(this,_e,null)),r&&this.isConnected&&(Ki(this,_e,(o=this.getRootNode())==null?void 0:o.getElementById(r)),(c=(d=H(this,_e))==null?void 0:d.associateElement)==null||c.call(d,this))):e==="disabled"&&r!==i?r==null?this.enable():this.disable():e===Ne.TOOLTIP_PLACEMENT&&this.tooltipEl&&r!==i?this.tooltipEl.placement=r:e===n.MEDIA_LANG&&(this.shadowRoot.querySelector('slot[name="tooltip-content"]').innerHTML=this.constructor.getTooltipContentHTML()),sn(this,oa,nn).call(this)&&H(this,Fe).call(this)}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),this.hasAttribute("disabled")?this.disable():this.enable(),this.setAttribute("role","button");let s=this.getAttribute(M.MEDIA_CONTROLLER);s&&(Ki(this,_e,(e=this.getRootNode())==null?void 0:e.getElementById(s)),(r=(i=H(this,_e))==null?void 0:i.associateElement)==null||r.call(i,this)),l.customElements.whenDefined("media-tooltip").then(()=>sn(this,la,on).call(this))}disconnectedCallback(){var e,i;this.disable(),(i=(e=H(this,_e))==null?void 0:e.unassociateElement)==null||i.call(e,this),Ki(this,_e,null),this.removeEventListener("mouseenter",H(this,Fe)),this.removeEventListener("focus",H(this,Fe)),this.removeEventListener("click",H(this,kt))}get keysUsed(){return["Enter"," "]}get tooltipPlacement(){return D(this,Ne.TOOLTIP_PLACEMENT)}set tooltipPlacement(e){L(this,Ne.TOOLTIP_PLACEMENT,e)}get mediaController(){return D(this,M.MEDIA_CONTROLLER)}set mediaController(e){L(this,M.MEDIA_CONTROLLER,e)}get disabled(){return I(this,Ne.DISABLED)}set disabled(e){y(this,Ne.DISABLED,e)}get noTooltip(){return I(this,Ne.NO_TOOLTIP)}set noTooltip(e){y(this,Ne.NO_TOOLTIP,e)}handleClick(e){}};_e=new WeakMap;kt=new WeakMap;oa=new WeakSet;nn=function(){try{return this.matches(":hover, :focus-visible")}catch{return this.matches(":hover, :focus")}};Fe=new WeakMap;yt=new WeakMap;Gi=new WeakMap;la=new WeakSet;on=function(){this.addEventListener("mouseenter",H(this,Fe)),this.addEventListener("focus",H(this,Fe)),this.addEventListener("click",H(this,kt));let t=this.tooltipPlacement;t&&this.tooltipEl&&(this.tooltipEl.placement=t)};Z.shadowRootOptions={mode:"open"};Z.getTemplateHTML=Fo;Z.getSlotTemplateHTML=Ho;Z.getTooltipContentHTML=Bo;l.customElements.get("media-chrome-button")||l.customElements.define("media-chrome-button",Z);var Wo=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="m6 21 15-9L6 3v18Z"/>
</svg>`,$o=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M6 20h4V4H6v16Zm8-16v16h4V4h-4Z"/>
</svg>`;function Vo(t){return`
    <style>
      :host([${n.MEDIA_PAUSED}]) slot[name=pause],
      :host(:not([${n.MEDIA_PAUSED}])) slot[name=play] {
        display: none !important;
      }

      :host([${n.MEDIA_PAUSED}]) slot[name=tooltip-pause],
      :host(:not([${n.MEDIA_PAUSED}])) slot[name=tooltip-play] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="play">${Wo}</slot>
      <slot name="pause">${$o}</slot>
    </slot>
  `}function Ko(){return`
    <slot name="tooltip-play">${T("Play")}</slot>
    <slot name="tooltip-pause">${T("Pause")}</slot>
  `}var ln=t=>{let e=t.mediaPaused?T("play"):T("pause");t.setAttribute("aria-label",e)},wt=class extends Z{static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_PAUSED,n.MEDIA_ENDED]}connectedCallback(){super.connectedCallback(),ln(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),(e===n.MEDIA_PAUSED||e===n.MEDIA_LANG)&&ln(this)}get mediaPaused(){return I(this,n.MEDIA_PAUSED)}set mediaPaused(e){y(this,n.MEDIA_PAUSED,e)}handleClick(){let e=this.mediaPaused?m.MEDIA_PLAY_REQUEST:m.MEDIA_PAUSE_REQUEST;this.dispatchEvent(new l.CustomEvent(e,{composed:!0,bubbles:!0}))}};wt.getSlotTemplateHTML=Vo;wt.getTooltipContentHTML=Ko;l.customElements.get("media-play-button")||l.customElements.define("media-play-button",wt);var Go=wt;var va=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},P=(t,e,i)=>(va(t,e,"read from private field"),i?i.call(t):e.get(t)),G=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},He=(t,e,i,r)=>(va(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),me=(t,e,i)=>(va(t,e,"access private method"),i),ge,tr,qi,Yi,pe,ji,Qi,zi,Xi,fa,dn,Zi,ua,Ji,ca,er,_a,ha,un,ma,cn,pa,hn,Ea,mn;function qo(t){return`
    <style>
      :host {
        --_focus-box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        --_media-range-padding: var(--media-range-padding, var(--media-control-padding, 10px));

        box-shadow: var(--_focus-visible-box-shadow, none);
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        height: calc(var(--media-control-height, 24px) + 2 * var(--_media-range-padding));
        display: inline-flex;
        align-items: center;
        
        vertical-align: middle;
        box-sizing: border-box;
        position: relative;
        width: 100px;
        transition: background .15s linear;
        cursor: var(--media-cursor, pointer);
        pointer-events: auto;
        touch-action: none; 
      }

      
      input[type=range]:focus {
        outline: 0;
      }
      input[type=range]:focus::-webkit-slider-runnable-track {
        outline: 0;
      }

      :host(:hover) {
        background: var(--media-control-hover-background, rgb(50 50 70 / .7));
      }

      #leftgap {
        padding-left: var(--media-range-padding-left, var(--_media-range-padding));
      }

      #rightgap {
        padding-right: var(--media-range-padding-right, var(--_media-range-padding));
      }

      #startpoint,
      #endpoint {
        position: absolute;
      }

      #endpoint {
        right: 0;
      }

      #container {
        
        width: var(--media-range-track-width, 100%);
        transform: translate(var(--media-range-track-translate-x, 0px), var(--media-range-track-translate-y, 0px));
        position: relative;
        height: 100%;
        display: flex;
        align-items: center;
        min-width: 40px;
      }

      #range {
        
        display: var(--media-time-range-hover-display, block);
        bottom: var(--media-time-range-hover-bottom, 0);
        height: var(--media-time-range-hover-height, max(100% , 25px));
        width: 100%;
        position: absolute;
        cursor: var(--media-cursor, pointer);

        -webkit-appearance: none; 
        -webkit-tap-highlight-color: transparent;
        background: transparent; 
        margin: 0;
        z-index: 1;
      }

      @media (hover: hover) {
        #range {
          bottom: var(--media-time-range-hover-bottom, 0);
          height: var(--media-time-range-hover-height, max(100%, 20px));
        }
      }

      
      
      #range::-webkit-slider-thumb {
        -webkit-appearance: none;
        background: transparent;
        width: .1px;
        height: .1px;
      }

      
      #range::-moz-range-thumb {
        background: transparent;
        border: transparent;
        width: .1px;
        height: .1px;
      }

      #appearance {
        height: var(--media-range-track-height, 4px);
        display: flex;
        flex-direction: column;
        justify-content: center;
        width: 100%;
        position: absolute;
        
        will-change: transform;
      }

      #track {
        background: var(--media-range-track-background, rgb(255 255 255 / .2));
        border-radius: var(--media-range-track-border-radius, 1px);
        border: var(--media-range-track-border, none);
        outline: var(--media-range-track-outline);
        outline-offset: var(--media-range-track-outline-offset);
        backdrop-filter: var(--media-range-track-backdrop-filter);
        -webkit-backdrop-filter: var(--media-range-track-backdrop-filter);
        box-shadow: var(--media-range-track-box-shadow, none);
        position: absolute;
        width: 100%;
        height: 100%;
        overflow: hidden;
      }

      #progress,
      #pointer {
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #progress {
        background: var(--media-range-bar-color, var(--media-primary-color, rgb(238 238 238)));
        transition: var(--media-range-track-transition);
      }

      #pointer {
        background: var(--media-range-track-pointer-background);
        border-right: var(--media-range-track-pointer-border-right);
        transition: visibility .25s, opacity .25s;
        visibility: hidden;
        opacity: 0;
      }

      @media (hover: hover) {
        :host(:hover) #pointer {
          transition: visibility .5s, opacity .5s;
          visibility: visible;
          opacity: 1;
        }
      }

      #thumb,
      ::slotted([slot=thumb]) {
        width: var(--media-range-thumb-width, 10px);
        height: var(--media-range-thumb-height, 10px);
        transition: var(--media-range-thumb-transition);
        transform: var(--media-range-thumb-transform, none);
        opacity: var(--media-range-thumb-opacity, 1);
        translate: -50%;
        position: absolute;
        left: 0;
        cursor: var(--media-cursor, pointer);
      }

      #thumb {
        border-radius: var(--media-range-thumb-border-radius, 10px);
        background: var(--media-range-thumb-background, var(--media-primary-color, rgb(238 238 238)));
        box-shadow: var(--media-range-thumb-box-shadow, 1px 1px 1px transparent);
        border: var(--media-range-thumb-border, none);
      }

      :host([disabled]) #thumb {
        background-color: #777;
      }

      .segments #appearance {
        height: var(--media-range-segment-hover-height, 7px);
      }

      #track {
        clip-path: url(#segments-clipping);
      }

      #segments {
        --segments-gap: var(--media-range-segments-gap, 2px);
        position: absolute;
        width: 100%;
        height: 100%;
      }

      #segments-clipping {
        transform: translateX(calc(var(--segments-gap) / 2));
      }

      #segments-clipping:empty {
        display: none;
      }

      #segments-clipping rect {
        height: var(--media-range-track-height, 4px);
        y: calc((var(--media-range-segment-hover-height, 7px) - var(--media-range-track-height, 4px)) / 2);
        transition: var(--media-range-segment-transition, transform .1s ease-in-out);
        transform: var(--media-range-segment-transform, scaleY(1));
        transform-origin: center;
      }

      /* Visible label for accessibility - positioned off-screen but technically visible (Firefox requires visible labels) */
      #range-label {
        position: absolute;
        left: -10000px;
        background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        pointer-events: none;
      }
    </style>
    <div id="leftgap"></div>
    <div id="container">
      <div id="startpoint"></div>
      <div id="endpoint"></div>
      <div id="appearance">
        <div id="track" part="track">
          <div id="pointer"></div>
          <div id="progress" part="progress"></div>
        </div>
        <slot name="thumb">
          <div id="thumb" part="thumb"></div>
        </slot>
        <svg id="segments" aria-hidden="true"><clipPath id="segments-clipping"></clipPath></svg>
      </div>
        <input id="range" type="range" min="0" max="1" step="any" value="0">
        <label for="range" id="range-label"></label>

      ${this.getContainerTemplateHTML(t)}
    </div>
    <div id="rightgap"></div>
  `}function Yo(t){return""}var be=class extends l.HTMLElement{constructor(){if(super(),G(this,fa),G(this,Zi),G(this,Ji),G(this,er),G(this,ha),G(this,ma),G(this,pa),G(this,Ea),G(this,ge,void 0),G(this,tr,void 0),G(this,qi,void 0),G(this,Yi,void 0),G(this,pe,{}),G(this,ji,[]),G(this,Qi,()=>{if(this.range.matches(":focus-visible")){let{style:e}=C(this.shadowRoot,":host");e.setProperty("--_focus-visible-box-shadow","var(--_focus-box-shadow)")}}),G(this,zi,()=>{let{style:e}=C(this.shadowRoot,":host");e.removeProperty("--_focus-visible-box-shadow")}),G(this,Xi,()=>{let e=this.shadowRoot.querySelector("#segments-clipping");e&&e.parentNode.append(e)}),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes),i=this.constructor.getTemplateHTML(e);this.shadowRoot.setHTMLUnsafe?this.shadowRoot.setHTMLUnsafe(i):this.shadowRoot.innerHTML=i}this.container=this.shadowRoot.querySelector("#container"),He(this,qi,this.shadowRoot.querySelector("#startpoint")),He(this,Yi,this.shadowRoot.querySelector("#endpoint")),this.range=this.shadowRoot.querySelector("#range"),this.appearance=this.shadowRoot.querySelector("#appearance")}static get observedAttributes(){return["disabled","aria-disabled",M.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,r){var a,s,o,d,c;e===M.MEDIA_CONTROLLER?(i&&((s=(a=P(this,ge))==null?void 0:a.unassociateElement)==null||s.call(a,this),He(this,ge,null)),r&&this.isConnected&&(He(this,ge,(o=this.getRootNode())==null?void 0:o.getElementById(r)),(c=(d=P(this,ge))==null?void 0:d.associateElement)==null||c.call(d,this))):(e==="disabled"||e==="aria-disabled"&&i!==r)&&(r==null?(this.range.removeAttribute(e),me(this,Zi,ua).call(this)):(this.range.setAttribute(e,r),me(this,Ji,ca).call(this)))}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`),P(this,pe).pointer=C(this.shadowRoot,"#pointer"),P(this,pe).progress=C(this.shadowRoot,"#progress"),P(this,pe).thumb=C(this.shadowRoot,'#thumb, ::slotted([slot="thumb"])'),P(this,pe).activeSegment=C(this.shadowRoot,"#segments-clipping rect:nth-child(0)");let s=this.getAttribute(M.MEDIA_CONTROLLER);s&&(He(this,ge,(e=this.getRootNode())==null?void 0:e.getElementById(s)),(r=(i=P(this,ge))==null?void 0:i.associateElement)==null||r.call(i,this)),this.updateBar(),this.shadowRoot.addEventListener("focusin",P(this,Qi)),this.shadowRoot.addEventListener("focusout",P(this,zi)),me(this,Zi,ua).call(this),fi(this.container,P(this,Xi))}disconnectedCallback(){var e,i;me(this,Ji,ca).call(this),(i=(e=P(this,ge))==null?void 0:e.unassociateElement)==null||i.call(e,this),He(this,ge,null),this.shadowRoot.removeEventListener("focusin",P(this,Qi)),this.shadowRoot.removeEventListener("focusout",P(this,zi)),_i(this.container,P(this,Xi))}updatePointerBar(e){var i;(i=P(this,pe).pointer)==null||i.style.setProperty("width",`${this.getPointerRatio(e)*100}%`)}updateBar(){var e,i;let r=this.range.valueAsNumber*100;(e=P(this,pe).progress)==null||e.style.setProperty("width",`${r}%`),(i=P(this,pe).thumb)==null||i.style.setProperty("left",`${r}%`)}updateSegments(e){let i=this.shadowRoot.querySelector("#segments-clipping");if(i.textContent="",this.container.classList.toggle("segments",!!e?.length),!e?.length)return;let r=[...new Set([+this.range.min,...e.flatMap(s=>[s.start,s.end]),+this.range.max])];He(this,ji,[...r]);let a=r.pop();for(let[s,o]of r.entries()){let[d,c]=[s===0,s===r.length-1],S=d?"calc(var(--segments-gap) / -1)":`${o*100}%`,g=`calc(${((c?a:r[s+1])-o)*100}%${d||c?"":" - var(--segments-gap)"})`,v=F.createElementNS("http://www.w3.org/2000/svg","rect"),h=xr(this.shadowRoot,`#segments-clipping rect:nth-child(${s+1})`);h.style.setProperty("x",S),h.style.setProperty("width",g),i.append(v)}}getPointerRatio(e){return vs(e.clientX,e.clientY,P(this,qi).getBoundingClientRect(),P(this,Yi).getBoundingClientRect())}get dragging(){return this.hasAttribute("dragging")}handleEvent(e){switch(e.type){case"pointermove":me(this,Ea,mn).call(this,e);break;case"input":this.updateBar();break;case"pointerenter":me(this,ha,un).call(this,e);break;case"pointerdown":me(this,er,_a).call(this,e);break;case"pointerup":me(this,ma,cn).call(this);break;case"pointerleave":me(this,pa,hn).call(this);break}}get keysUsed(){return["ArrowUp","ArrowRight","ArrowDown","ArrowLeft"]}};ge=new WeakMap;tr=new WeakMap;qi=new WeakMap;Yi=new WeakMap;pe=new WeakMap;ji=new WeakMap;Qi=new WeakMap;zi=new WeakMap;Xi=new WeakMap;fa=new WeakSet;dn=function(t){let e=P(this,pe).activeSegment;if(!e)return;let i=this.getPointerRatio(t),a=`#segments-clipping rect:nth-child(${P(this,ji).findIndex((s,o,d)=>{let c=d[o+1];return c!=null&&i>=s&&i<=c})+1})`;(e.selectorText!=a||!e.style.transform)&&(e.selectorText=a,e.style.setProperty("transform","var(--media-range-segment-hover-transform, scaleY(2))"))};Zi=new WeakSet;ua=function(){this.hasAttribute("disabled")||!this.isConnected||(this.addEventListener("input",this),this.addEventListener("pointerdown",this),this.addEventListener("pointerenter",this))};Ji=new WeakSet;ca=function(){var t,e;this.removeEventListener("input",this),this.removeEventListener("pointerdown",this),this.removeEventListener("pointerenter",this),this.removeEventListener("pointerleave",this),(t=l.window)==null||t.removeEventListener("pointerup",this),(e=l.window)==null||e.removeEventListener("pointermove",this)};er=new WeakSet;_a=function(t){var e;He(this,tr,t.composedPath().includes(this.range)),(e=l.window)==null||e.addEventListener("pointerup",this,{once:!0})};ha=new WeakSet;un=function(t){var e;t.pointerType!=="mouse"&&me(this,er,_a).call(this,t),this.addEventListener("pointerleave",this,{once:!0}),(e=l.window)==null||e.addEventListener("pointermove",this)};ma=new WeakSet;cn=function(){var t;(t=l.window)==null||t.removeEventListener("pointerup",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled")};pa=new WeakSet;hn=function(){var t,e;this.removeEventListener("pointerleave",this),(t=l.window)==null||t.removeEventListener("pointermove",this),this.toggleAttribute("dragging",!1),this.range.disabled=this.hasAttribute("disabled"),(e=P(this,pe).activeSegment)==null||e.style.removeProperty("transform")};Ea=new WeakSet;mn=function(t){t.pointerType==="pen"&&t.buttons===0||(this.toggleAttribute("dragging",t.buttons===1||t.pointerType!=="mouse"),this.updatePointerBar(t),me(this,fa,dn).call(this,t),this.dragging&&(t.pointerType!=="mouse"||!P(this,tr))&&(this.range.disabled=!0,this.range.valueAsNumber=this.getPointerRatio(t),this.range.dispatchEvent(new Event("input",{bubbles:!0,composed:!0}))))};be.shadowRootOptions={mode:"open"};be.getTemplateHTML=qo;be.getContainerTemplateHTML=Yo;l.customElements.get("media-chrome-range")||l.customElements.define("media-chrome-range",be);var pn=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ir=(t,e,i)=>(pn(t,e,"read from private field"),i?i.call(t):e.get(t)),Qo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},rr=(t,e,i,r)=>(pn(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Ae;function zo(t){return`
    <style>
      :host {
        box-sizing: border-box;
        display: var(--media-control-display, var(--media-preview-thumbnail-display, inline-block));
        overflow: hidden;
      }

      img {
        display: none;
        position: relative;
      }
    </style>
    <img crossorigin loading="eager" decoding="async">
  `}var Mt=class extends l.HTMLElement{constructor(){if(super(),Qo(this,Ae,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[M.MEDIA_CONTROLLER,n.MEDIA_PREVIEW_IMAGE,n.MEDIA_PREVIEW_COORDS]}connectedCallback(){var e,i,r;let a=this.getAttribute(M.MEDIA_CONTROLLER);a&&(rr(this,Ae,(e=this.getRootNode())==null?void 0:e.getElementById(a)),(r=(i=ir(this,Ae))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=ir(this,Ae))==null?void 0:e.unassociateElement)==null||i.call(e,this),rr(this,Ae,null)}attributeChangedCallback(e,i,r){var a,s,o,d,c;[n.MEDIA_PREVIEW_IMAGE,n.MEDIA_PREVIEW_COORDS].includes(e)&&this.update(),e===M.MEDIA_CONTROLLER&&(i&&((s=(a=ir(this,Ae))==null?void 0:a.unassociateElement)==null||s.call(a,this),rr(this,Ae,null)),r&&this.isConnected&&(rr(this,Ae,(o=this.getRootNode())==null?void 0:o.getElementById(r)),(c=(d=ir(this,Ae))==null?void 0:d.associateElement)==null||c.call(d,this)))}get mediaPreviewImage(){return D(this,n.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){L(this,n.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewCoords(){let e=this.getAttribute(n.MEDIA_PREVIEW_COORDS);if(e)return e.split(/\s+/).map(i=>+i)}set mediaPreviewCoords(e){if(!e){this.removeAttribute(n.MEDIA_PREVIEW_COORDS);return}this.setAttribute(n.MEDIA_PREVIEW_COORDS,e.join(" "))}update(){let e=this.mediaPreviewCoords,i=this.mediaPreviewImage;if(!(e&&i))return;let[r,a,s,o]=e,d=i.split("#")[0],c=getComputedStyle(this),{maxWidth:S,maxHeight:A,minWidth:g,minHeight:v}=c,h=c.getPropertyValue("--media-preview-thumbnail-object-fit").trim()||"contain",_,E;if(h==="fill"){let ye=parseInt(S)/s,ke=parseInt(A)/o,$t=parseInt(g)/s,Ve=parseInt(v)/o;_=ye<1?ye:Math.max(ye,$t),E=ke<1?ke:Math.max(ke,Ve)}else{let ye=Math.min(parseInt(S)/s,parseInt(A)/o),ke=Math.max(parseInt(g)/s,parseInt(v)/o),Ve=ye<1?ye:ke>1?ke:1;_=Ve,E=Ve}let{style:k}=C(this.shadowRoot,":host"),b=C(this.shadowRoot,"img").style,z=this.shadowRoot.querySelector("img"),Wt=Math.min(_,E)<1?"min":"max";k.setProperty(`${Wt}-width`,"initial","important"),k.setProperty(`${Wt}-height`,"initial","important"),k.width=`${s*_}px`,k.height=`${o*E}px`;let st=()=>{b.width=`${this.imgWidth*_}px`,b.height=`${this.imgHeight*E}px`,b.display="block"};z.src!==d&&(z.onload=()=>{this.imgWidth=z.naturalWidth,this.imgHeight=z.naturalHeight,st(),z.onload=null},z.src=d,st()),st(),b.transform=`translate(-${r*_}px, -${a*E}px)`}};Ae=new WeakMap;Mt.shadowRootOptions={mode:"open"};Mt.getTemplateHTML=zo;l.customElements.get("media-preview-thumbnail")||l.customElements.define("media-preview-thumbnail",Mt);var ga=Mt;var En=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},ar=(t,e,i)=>(En(t,e,"read from private field"),i?i.call(t):e.get(t)),Xo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},sr=(t,e,i,r)=>(En(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Te;function Zo(t,e={}){return`
    <style>
      :host {
        font: var(--media-font,
          var(--media-font-weight, normal)
          var(--media-font-size, 14px) /
          var(--media-text-content-height, var(--media-control-height, 24px))
          var(--media-font-family, helvetica neue, segoe ui, roboto, arial, sans-serif));
        color: var(--media-text-color, var(--media-primary-color, rgb(238 238 238)));
        background: var(--media-text-background, var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7))));
        padding: var(--media-control-padding, 10px);
        display: inline-flex;
        justify-content: center;
        align-items: center;
        vertical-align: middle;
        box-sizing: border-box;
        text-align: center;
        pointer-events: auto;
      }

      
      :host(:focus-visible) {
        box-shadow: var(--media-focus-box-shadow, inset 0 0 0 2px rgb(27 127 204 / .9));
        outline: 0;
      }

      
      :host(:where(:focus)) {
        box-shadow: none;
        outline: 0;
      }
    </style>

    ${this.getSlotTemplateHTML(t,e)}
  `}function Jo(t,e){return`
    <slot></slot>
  `}var se=class extends l.HTMLElement{constructor(){if(super(),Xo(this,Te,void 0),!this.shadowRoot){this.attachShadow(this.constructor.shadowRootOptions);let e=q(this.attributes);this.shadowRoot.innerHTML=this.constructor.getTemplateHTML(e)}}static get observedAttributes(){return[M.MEDIA_CONTROLLER]}attributeChangedCallback(e,i,r){var a,s,o,d,c;e===M.MEDIA_CONTROLLER&&(i&&((s=(a=ar(this,Te))==null?void 0:a.unassociateElement)==null||s.call(a,this),sr(this,Te,null)),r&&this.isConnected&&(sr(this,Te,(o=this.getRootNode())==null?void 0:o.getElementById(r)),(c=(d=ar(this,Te))==null?void 0:d.associateElement)==null||c.call(d,this)))}connectedCallback(){var e,i,r;let{style:a}=C(this.shadowRoot,":host");a.setProperty("display",`var(--media-control-display, var(--${this.localName}-display, inline-flex))`);let s=this.getAttribute(M.MEDIA_CONTROLLER);s&&(sr(this,Te,(e=this.getRootNode())==null?void 0:e.getElementById(s)),(r=(i=ar(this,Te))==null?void 0:i.associateElement)==null||r.call(i,this))}disconnectedCallback(){var e,i;(i=(e=ar(this,Te))==null?void 0:e.unassociateElement)==null||i.call(e,this),sr(this,Te,null)}};Te=new WeakMap;se.shadowRootOptions={mode:"open"};se.getTemplateHTML=Zo;se.getSlotTemplateHTML=Jo;l.customElements.get("media-text-display")||l.customElements.define("media-text-display",se);var vn=[{singular:"hour",plural:"hours"},{singular:"minute",plural:"minutes"},{singular:"second",plural:"seconds"}],fn=(t,e)=>{let i=t===1?T(vn[e].singular):T(vn[e].plural);return`${t} ${i}`},tt=t=>{if(!bt(t))return"";let e=Math.abs(t),i=e!==t,r=new Date(0,0,0,0,0,e,0),s=[r.getHours(),r.getMinutes(),r.getSeconds()].map((o,d)=>o&&fn(o,d)).filter(o=>o).join(", ");return i?T("{time} remaining",{time:s}):e===0?fn(0,2):s};function it(t,e){let i=!1;t<0&&(i=!0,t=0-t),t=t<0?0:t;let r=Math.floor(t%60),a=Math.floor(t/60%60),s=Math.floor(t/3600),o=Math.floor(e/60%60),d=Math.floor(e/3600);return(isNaN(t)||t===1/0)&&(s=a=r="0"),s=s>0||d>0?s+":":"",a=((s||o>=10)&&a<10?"0"+a:a)+":",r=r<10?"0"+r:r,(i?"-":"")+s+a+r}var Pu=Object.freeze({length:0,start(t){let e=t>>>0;if(e>=this.length)throw new DOMException(`Failed to execute 'start' on 'TimeRanges': The index provided (${e}) is greater than or equal to the maximum bound (${this.length}).`);return 0},end(t){let e=t>>>0;if(e>=this.length)throw new DOMException(`Failed to execute 'end' on 'TimeRanges': The index provided (${e}) is greater than or equal to the maximum bound (${this.length}).`);return 0}});var gn=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},_n=(t,e,i)=>(gn(t,e,"read from private field"),i?i.call(t):e.get(t)),jo=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},el=(t,e,i,r)=>(gn(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),ri,nr=class extends se{constructor(){super(),jo(this,ri,void 0),el(this,ri,this.shadowRoot.querySelector("slot")),_n(this,ri).textContent=it(0)}static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_PREVIEW_TIME]}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===n.MEDIA_PREVIEW_TIME&&r!=null&&(_n(this,ri).textContent=it(parseFloat(r)))}get mediaPreviewTime(){return Y(this,n.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){Q(this,n.MEDIA_PREVIEW_TIME,e)}};ri=new WeakMap;l.customElements.get("media-preview-time-display")||l.customElements.define("media-preview-time-display",nr);var tl=nr;var bn=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},il=(t,e,i)=>(bn(t,e,"read from private field"),i?i.call(t):e.get(t)),rl=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},al=(t,e,i,r)=>(bn(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),or,ba=class extends se{constructor(){super(),rl(this,or,void 0),al(this,or,this.shadowRoot.querySelector("slot"))}static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_PREVIEW_CHAPTER,n.MEDIA_LANG]}attributeChangedCallback(e,i,r){if(super.attributeChangedCallback(e,i,r),(e===n.MEDIA_PREVIEW_CHAPTER||e===n.MEDIA_LANG)&&r!==i&&r!=null)if(il(this,or).textContent=r,r!==""){let a=T("chapter: {chapterName}",{chapterName:r});this.setAttribute("aria-valuetext",a)}else this.removeAttribute("aria-valuetext")}get mediaPreviewChapter(){return D(this,n.MEDIA_PREVIEW_CHAPTER)}set mediaPreviewChapter(e){L(this,n.MEDIA_PREVIEW_CHAPTER,e)}};or=new WeakMap;l.customElements.get("media-preview-chapter-display")||l.customElements.define("media-preview-chapter-display",ba);var An=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},V=(t,e,i)=>(An(t,e,"read from private field"),i?i.call(t):e.get(t)),Se=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ae=(t,e,i,r)=>(An(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),sl=(t,e,i,r)=>({set _(a){ae(t,e,a,i)},get _(){return V(t,e,r)}}),Lt,lr,Rt,ai,dr,ur,cr,Dt,rt,hr,mr=class{constructor(e,i,r){Se(this,Lt,void 0),Se(this,lr,void 0),Se(this,Rt,void 0),Se(this,ai,void 0),Se(this,dr,void 0),Se(this,ur,void 0),Se(this,cr,void 0),Se(this,Dt,void 0),Se(this,rt,0),Se(this,hr,(a=performance.now())=>{ae(this,rt,requestAnimationFrame(V(this,hr))),ae(this,ai,performance.now()-V(this,Rt));let s=1e3/this.fps;if(V(this,ai)>s){ae(this,Rt,a-V(this,ai)%s);let o=1e3/((a-V(this,lr))/++sl(this,dr)._),d=(a-V(this,ur))/1e3/this.duration,c=V(this,cr)+d*this.playbackRate;c-V(this,Lt).valueAsNumber>0?ae(this,Dt,this.playbackRate/this.duration/o):(ae(this,Dt,.995*V(this,Dt)),c=V(this,Lt).valueAsNumber+V(this,Dt)),this.callback(c)}}),ae(this,Lt,e),this.callback=i,this.fps=r}start(){V(this,rt)===0&&(ae(this,Rt,performance.now()),ae(this,lr,V(this,Rt)),ae(this,dr,0),V(this,hr).call(this))}stop(){V(this,rt)!==0&&(cancelAnimationFrame(V(this,rt)),ae(this,rt,0))}update({start:e,duration:i,playbackRate:r}){let a=e-V(this,Lt).valueAsNumber,s=Math.abs(i-this.duration);(a>0||a<-.5/i||s>=.5)&&this.callback(e),ae(this,cr,e),ae(this,ur,performance.now()),this.duration=i,this.playbackRate=r}};Lt=new WeakMap;lr=new WeakMap;Rt=new WeakMap;ai=new WeakMap;dr=new WeakMap;ur=new WeakMap;cr=new WeakMap;Dt=new WeakMap;rt=new WeakMap;hr=new WeakMap;var ya=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},U=(t,e,i)=>(ya(t,e,"read from private field"),i?i.call(t):e.get(t)),B=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},ne=(t,e,i,r)=>(ya(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),oe=(t,e,i)=>(ya(t,e,"access private method"),i),Ct,Be,vr,ni,fr,Er,oi,li,Ut,xt,si,Aa,Tn,Ta,_r,ka,gr,wa,br,Ma,Sa,Sn,di,Ar,Ia,In,nl=t=>{let e=t.range,i=tt(+yn(t)),r=tt(+t.mediaSeekableEnd),a=i&&r?T("{currentTime} of {totalTime}",{currentTime:i,totalTime:r}):T("video not loaded, unknown time.");e.setAttribute("aria-valuetext",a)};function ol(t){return`
    <style>
      :host {
        --media-box-border-radius: 4px;
        --media-box-padding-left: 10px;
        --media-box-padding-right: 10px;
        --media-preview-border-radius: var(--media-box-border-radius);
        --media-box-arrow-offset: var(--media-box-border-radius);
        --_control-background: var(--media-control-background, var(--media-secondary-color, rgb(20 20 30 / .7)));
        --_preview-background: var(--media-preview-background, var(--_control-background));

        
        contain: layout;
      }

      #buffered {
        background: var(--media-time-range-buffered-color, rgb(255 255 255 / .4));
        position: absolute;
        height: 100%;
        will-change: width;
      }

      #preview-rail,
      #current-rail {
        width: 100%;
        position: absolute;
        left: 0;
        bottom: 100%;
        pointer-events: none;
        will-change: transform;
      }

      [part~="box"] {
        width: min-content;
        
        position: absolute;
        bottom: 100%;
        flex-direction: column;
        align-items: center;
        transform: translateX(-50%);
      }

      [part~="current-box"] {
        display: var(--media-current-box-display, var(--media-box-display, flex));
        margin: var(--media-current-box-margin, var(--media-box-margin, 0 0 5px));
        visibility: hidden;
      }

      [part~="preview-box"] {
        display: var(--media-preview-box-display, var(--media-box-display, flex));
        margin: var(--media-preview-box-margin, var(--media-box-margin, 0 0 5px));
        transition-property: var(--media-preview-transition-property, visibility, opacity);
        transition-duration: var(--media-preview-transition-duration-out, .25s);
        transition-delay: var(--media-preview-transition-delay-out, 0s);
        visibility: hidden;
        opacity: 0;
      }

      :host(:is([${n.MEDIA_PREVIEW_IMAGE}], [${n.MEDIA_PREVIEW_TIME}])[dragging]) [part~="preview-box"] {
        transition-duration: var(--media-preview-transition-duration-in, .5s);
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
        opacity: 1;
      }

      @media (hover: hover) {
        :host(:is([${n.MEDIA_PREVIEW_IMAGE}], [${n.MEDIA_PREVIEW_TIME}]):hover) [part~="preview-box"] {
          transition-duration: var(--media-preview-transition-duration-in, .5s);
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
          opacity: 1;
        }
      }

      media-preview-thumbnail,
      ::slotted(media-preview-thumbnail) {
        visibility: hidden;
        
        transition: visibility 0s .25s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-thumbnail-background, var(--_preview-background));
        box-shadow: var(--media-preview-thumbnail-box-shadow, 0 0 4px rgb(0 0 0 / .2));
        max-width: var(--media-preview-thumbnail-max-width, 180px);
        max-height: var(--media-preview-thumbnail-max-height, 160px);
        min-width: var(--media-preview-thumbnail-min-width, 120px);
        min-height: var(--media-preview-thumbnail-min-height, 80px);
        border: var(--media-preview-thumbnail-border);
        border-radius: var(--media-preview-thumbnail-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius) 0 0);
      }

      :host([${n.MEDIA_PREVIEW_IMAGE}][dragging]) media-preview-thumbnail,
      :host([${n.MEDIA_PREVIEW_IMAGE}][dragging]) ::slotted(media-preview-thumbnail) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        visibility: visible;
      }

      @media (hover: hover) {
        :host([${n.MEDIA_PREVIEW_IMAGE}]:hover) media-preview-thumbnail,
        :host([${n.MEDIA_PREVIEW_IMAGE}]:hover) ::slotted(media-preview-thumbnail) {
          transition-delay: var(--media-preview-transition-delay-in, .25s);
          visibility: visible;
        }

        :host([${n.MEDIA_PREVIEW_TIME}]:hover) {
          --media-time-range-hover-display: block;
        }
      }

      media-preview-chapter-display,
      ::slotted(media-preview-chapter-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        visibility: hidden;
        
        transition: min-width 0s, border-radius 0s, margin 0s, padding 0s, visibility 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-chapter-background, var(--_preview-background));
        border-radius: var(--media-preview-chapter-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-chapter-padding, 3.5px 9px);
        margin: var(--media-preview-chapter-margin, 0 0 5px);
        text-shadow: var(--media-preview-chapter-text-shadow, 0 0 4px rgb(0 0 0 / .75));
      }

      :host([${n.MEDIA_PREVIEW_IMAGE}]) media-preview-chapter-display,
      :host([${n.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-chapter-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-chapter-border-radius, 0);
        padding: var(--media-preview-chapter-padding, 3.5px 9px 0);
        margin: var(--media-preview-chapter-margin, 0);
        min-width: 100%;
      }

      media-preview-chapter-display[${n.MEDIA_PREVIEW_CHAPTER}],
      ::slotted(media-preview-chapter-display[${n.MEDIA_PREVIEW_CHAPTER}]) {
        visibility: visible;
      }

      media-preview-chapter-display:not([aria-valuetext]),
      ::slotted(media-preview-chapter-display:not([aria-valuetext])) {
        display: none;
      }

      media-preview-time-display,
      ::slotted(media-preview-time-display),
      media-time-display,
      ::slotted(media-time-display) {
        font-size: var(--media-font-size, 13px);
        line-height: 17px;
        min-width: 0;
        
        transition: min-width 0s, border-radius 0s;
        transition-delay: calc(var(--media-preview-transition-delay-out, 0s) + var(--media-preview-transition-duration-out, .25s));
        background: var(--media-preview-time-background, var(--_preview-background));
        border-radius: var(--media-preview-time-border-radius,
          var(--media-preview-border-radius) var(--media-preview-border-radius)
          var(--media-preview-border-radius) var(--media-preview-border-radius));
        padding: var(--media-preview-time-padding, 3.5px 9px);
        margin: var(--media-preview-time-margin, 0);
        text-shadow: var(--media-preview-time-text-shadow, 0 0 4px rgb(0 0 0 / .75));
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50%)
        ));
      }

      :host([${n.MEDIA_PREVIEW_IMAGE}]) media-preview-time-display,
      :host([${n.MEDIA_PREVIEW_IMAGE}]) ::slotted(media-preview-time-display) {
        transition-delay: var(--media-preview-transition-delay-in, .25s);
        border-radius: var(--media-preview-time-border-radius,
          0 0 var(--media-preview-border-radius) var(--media-preview-border-radius));
        min-width: 100%;
      }

      :host([${n.MEDIA_PREVIEW_TIME}]:hover) {
        --media-time-range-hover-display: block;
      }

      [part~="arrow"],
      ::slotted([part~="arrow"]) {
        display: var(--media-box-arrow-display, inline-block);
        transform: translateX(min(
          max(calc(50% - var(--_box-width) / 2 + var(--media-box-arrow-offset)),
          calc(var(--_box-shift, 0))),
          calc(var(--_box-width) / 2 - 50% - var(--media-box-arrow-offset))
        ));
        
        border-color: transparent;
        border-top-color: var(--media-box-arrow-background, var(--_control-background));
        border-width: var(--media-box-arrow-border-width,
          var(--media-box-arrow-height, 5px) var(--media-box-arrow-width, 6px) 0);
        border-style: solid;
        justify-content: center;
        height: 0;
      }
    </style>
    <div id="preview-rail">
      <slot name="preview" part="box preview-box">
        <media-preview-thumbnail>
          <template shadowrootmode="${ga.shadowRootOptions.mode}">
            ${ga.getTemplateHTML({})}
          </template>
        </media-preview-thumbnail>
        <media-preview-chapter-display></media-preview-chapter-display>
        <media-preview-time-display></media-preview-time-display>
        <slot name="preview-arrow"><div part="arrow"></div></slot>
      </slot>
    </div>
    <div id="current-rail">
      <slot name="current" part="box current-box">
        
      </slot>
    </div>
  `}var pr=(t,e=t.mediaCurrentTime)=>{let i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,r=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;if(Number.isNaN(r))return 0;let a=(e-i)/(r-i);return Math.max(0,Math.min(a,1))},yn=(t,e=t.range.valueAsNumber)=>{let i=Number.isFinite(t.mediaSeekableStart)?t.mediaSeekableStart:0,r=Number.isFinite(t.mediaDuration)?t.mediaDuration:t.mediaSeekableEnd;return Number.isNaN(r)?0:e*(r-i)+i},Pt=class extends be{constructor(){super(),B(this,Aa),B(this,_r),B(this,gr),B(this,br),B(this,Sa),B(this,di),B(this,Ia),B(this,Ct,null),B(this,Be,void 0),B(this,vr,void 0),B(this,ni,void 0),B(this,fr,void 0),B(this,Er,void 0),B(this,oi,void 0),B(this,li,void 0),B(this,Ut,void 0),B(this,xt,void 0),B(this,si,()=>{oe(this,Aa,Tn).call(this)?U(this,Be).start():U(this,Be).stop()}),B(this,Ta,r=>{this.dragging||(bt(r)&&(this.range.valueAsNumber=r),U(this,xt)||this.updateBar())}),this.shadowRoot.querySelector("#track").insertAdjacentHTML("afterbegin",'<div id="buffered" part="buffered"></div>'),ne(this,vr,this.shadowRoot.querySelectorAll('[part~="box"]')),ne(this,fr,this.shadowRoot.querySelector('[part~="preview-box"]')),ne(this,Er,this.shadowRoot.querySelector('[part~="current-box"]'));let i=getComputedStyle(this);ne(this,oi,parseInt(i.getPropertyValue("--media-box-padding-left"))),ne(this,li,parseInt(i.getPropertyValue("--media-box-padding-right"))),ne(this,Be,new mr(this.range,U(this,Ta),60))}static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_PAUSED,n.MEDIA_DURATION,n.MEDIA_SEEKABLE,n.MEDIA_CURRENT_TIME,n.MEDIA_PREVIEW_IMAGE,n.MEDIA_PREVIEW_TIME,n.MEDIA_PREVIEW_CHAPTER,n.MEDIA_BUFFERED,n.MEDIA_PLAYBACK_RATE,n.MEDIA_LOADING,n.MEDIA_ENDED]}connectedCallback(){var e;super.connectedCallback(),this.range.setAttribute("aria-label",T("seek")),U(this,si).call(this),ne(this,Ct,this.getRootNode()),(e=U(this,Ct))==null||e.addEventListener("transitionstart",this)}disconnectedCallback(){var e;super.disconnectedCallback(),U(this,Be).stop(),(e=U(this,Ct))==null||e.removeEventListener("transitionstart",this),ne(this,Ct,null)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),i!=r&&(e===n.MEDIA_CURRENT_TIME||e===n.MEDIA_PAUSED||e===n.MEDIA_ENDED||e===n.MEDIA_LOADING||e===n.MEDIA_DURATION||e===n.MEDIA_SEEKABLE?(U(this,Be).update({start:pr(this),duration:this.mediaSeekableEnd-this.mediaSeekableStart,playbackRate:this.mediaPlaybackRate}),U(this,si).call(this),nl(this)):e===n.MEDIA_BUFFERED&&this.updateBufferedBar(),(e===n.MEDIA_DURATION||e===n.MEDIA_SEEKABLE)&&(this.mediaChaptersCues=U(this,Ut),this.updateBar()))}get mediaChaptersCues(){return U(this,Ut)}set mediaChaptersCues(e){var i;ne(this,Ut,e),this.updateSegments((i=U(this,Ut))==null?void 0:i.map(r=>({start:pr(this,r.startTime),end:pr(this,r.endTime)})))}get mediaPaused(){return I(this,n.MEDIA_PAUSED)}set mediaPaused(e){y(this,n.MEDIA_PAUSED,e)}get mediaLoading(){return I(this,n.MEDIA_LOADING)}set mediaLoading(e){y(this,n.MEDIA_LOADING,e)}get mediaDuration(){return Y(this,n.MEDIA_DURATION)}set mediaDuration(e){Q(this,n.MEDIA_DURATION,e)}get mediaCurrentTime(){return Y(this,n.MEDIA_CURRENT_TIME)}set mediaCurrentTime(e){Q(this,n.MEDIA_CURRENT_TIME,e)}get mediaPlaybackRate(){return Y(this,n.MEDIA_PLAYBACK_RATE,1)}set mediaPlaybackRate(e){Q(this,n.MEDIA_PLAYBACK_RATE,e)}get mediaBuffered(){let e=this.getAttribute(n.MEDIA_BUFFERED);return e?e.split(" ").map(i=>i.split(":").map(r=>+r)):[]}set mediaBuffered(e){if(!e){this.removeAttribute(n.MEDIA_BUFFERED);return}let i=e.map(r=>r.join(":")).join(" ");this.setAttribute(n.MEDIA_BUFFERED,i)}get mediaSeekable(){let e=this.getAttribute(n.MEDIA_SEEKABLE);if(e)return e.split(":").map(i=>+i)}set mediaSeekable(e){if(e==null){this.removeAttribute(n.MEDIA_SEEKABLE);return}this.setAttribute(n.MEDIA_SEEKABLE,e.join(":"))}get mediaSeekableEnd(){var e;let[,i=this.mediaDuration]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaSeekableStart(){var e;let[i=0]=(e=this.mediaSeekable)!=null?e:[];return i}get mediaPreviewImage(){return D(this,n.MEDIA_PREVIEW_IMAGE)}set mediaPreviewImage(e){L(this,n.MEDIA_PREVIEW_IMAGE,e)}get mediaPreviewTime(){return Y(this,n.MEDIA_PREVIEW_TIME)}set mediaPreviewTime(e){Q(this,n.MEDIA_PREVIEW_TIME,e)}get mediaEnded(){return I(this,n.MEDIA_ENDED)}set mediaEnded(e){y(this,n.MEDIA_ENDED,e)}updateBar(){super.updateBar(),this.updateBufferedBar(),this.updateCurrentBox()}updateBufferedBar(){var e;let i=this.mediaBuffered;if(!i.length)return;let r;if(this.mediaEnded)r=1;else{let s=this.mediaCurrentTime,[,o=this.mediaSeekableStart]=(e=i.find(([d,c])=>d<=s&&s<=c))!=null?e:[];r=pr(this,o)}let{style:a}=C(this.shadowRoot,"#buffered");a.setProperty("width",`${r*100}%`)}updateCurrentBox(){if(!this.shadowRoot.querySelector('slot[name="current"]').assignedElements().length)return;let i=C(this.shadowRoot,"#current-rail"),r=C(this.shadowRoot,'[part~="current-box"]'),a=oe(this,_r,ka).call(this,U(this,Er)),s=oe(this,gr,wa).call(this,a,this.range.valueAsNumber),o=oe(this,br,Ma).call(this,a,this.range.valueAsNumber);i.style.transform=`translateX(${s})`,i.style.setProperty("--_range-width",`${a.range.width}`),r.style.setProperty("--_box-shift",`${o}`),r.style.setProperty("--_box-width",`${a.box.width}px`),r.style.setProperty("visibility","initial")}handleEvent(e){switch(super.handleEvent(e),e.type){case"input":oe(this,Ia,In).call(this);break;case"pointermove":oe(this,Sa,Sn).call(this,e);break;case"pointerup":U(this,xt)&&ne(this,xt,!1);break;case"pointerdown":ne(this,xt,!0);break;case"pointerleave":oe(this,di,Ar).call(this,null);break;case"transitionstart":ve(e.target,this)&&setTimeout(()=>U(this,si).call(this),0);break}}};Ct=new WeakMap;Be=new WeakMap;vr=new WeakMap;ni=new WeakMap;fr=new WeakMap;Er=new WeakMap;oi=new WeakMap;li=new WeakMap;Ut=new WeakMap;xt=new WeakMap;si=new WeakMap;Aa=new WeakSet;Tn=function(){return this.isConnected&&!this.mediaPaused&&!this.mediaLoading&&!this.mediaEnded&&this.mediaSeekableEnd>0&&gi(this)};Ta=new WeakMap;_r=new WeakSet;ka=function(t){var e;let r=((e=this.getAttribute("bounds")?De(this,`#${this.getAttribute("bounds")}`):this.parentElement)!=null?e:this).getBoundingClientRect(),a=this.range.getBoundingClientRect(),s=t.offsetWidth,o=-(a.left-r.left-s/2),d=r.right-a.left-s/2;return{box:{width:s,min:o,max:d},bounds:r,range:a}};gr=new WeakSet;wa=function(t,e){let i=`${e*100}%`,{width:r,min:a,max:s}=t.box;if(!r)return i;if(Number.isNaN(a)||(i=`max(${`calc(1 / var(--_range-width) * 100 * ${a}% + var(--media-box-padding-left))`}, ${i})`),!Number.isNaN(s)){let d=`calc(1 / var(--_range-width) * 100 * ${s}% - var(--media-box-padding-right))`;i=`min(${i}, ${d})`}return i};br=new WeakSet;Ma=function(t,e){let{width:i,min:r,max:a}=t.box,s=e*t.range.width;if(s<r+U(this,oi)){let o=t.range.left-t.bounds.left-U(this,oi);return`${s-i/2+o}px`}if(s>a-U(this,li)){let o=t.bounds.right-t.range.right-U(this,li);return`${s+i/2-o-t.range.width}px`}return 0};Sa=new WeakSet;Sn=function(t){let e=[...U(this,vr)].some(A=>t.composedPath().includes(A));if(!this.dragging&&(e||!t.composedPath().includes(this))){oe(this,di,Ar).call(this,null);return}let i=this.mediaSeekableEnd;if(!i)return;let r=C(this.shadowRoot,"#preview-rail"),a=C(this.shadowRoot,'[part~="preview-box"]'),s=oe(this,_r,ka).call(this,U(this,fr)),o=(t.clientX-s.range.left)/s.range.width;o=Math.max(0,Math.min(1,o));let d=oe(this,gr,wa).call(this,s,o),c=oe(this,br,Ma).call(this,s,o);r.style.transform=`translateX(${d})`,r.style.setProperty("--_range-width",`${s.range.width}`),a.style.setProperty("--_box-shift",`${c}`),a.style.setProperty("--_box-width",`${s.box.width}px`);let S=Math.round(U(this,ni))-Math.round(o*i);Math.abs(S)<1&&o>.01&&o<.99||(ne(this,ni,o*i),oe(this,di,Ar).call(this,U(this,ni)))};di=new WeakSet;Ar=function(t){this.dispatchEvent(new l.CustomEvent(m.MEDIA_PREVIEW_REQUEST,{composed:!0,bubbles:!0,detail:t}))};Ia=new WeakSet;In=function(){U(this,Be).stop();let t=yn(this);this.dispatchEvent(new l.CustomEvent(m.MEDIA_SEEK_REQUEST,{composed:!0,bubbles:!0,detail:t}))};Pt.shadowRootOptions={mode:"open"};Pt.getContainerTemplateHTML=ol;l.customElements.get("media-time-range")||l.customElements.define("media-time-range",Pt);var ll=Pt;var dl=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M16.5 12A4.5 4.5 0 0 0 14 8v2.18l2.45 2.45a4.22 4.22 0 0 0 .05-.63Zm2.5 0a6.84 6.84 0 0 1-.54 2.64L20 16.15A8.8 8.8 0 0 0 21 12a9 9 0 0 0-7-8.77v2.06A7 7 0 0 1 19 12ZM4.27 3 3 4.27 7.73 9H3v6h4l5 5v-6.73l4.25 4.25A6.92 6.92 0 0 1 14 18.7v2.06A9 9 0 0 0 17.69 19l2 2.05L21 19.73l-9-9L4.27 3ZM12 4 9.91 6.09 12 8.18V4Z"/>
</svg>`,kn=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4Z"/>
</svg>`,ul=`<svg aria-hidden="true" viewBox="0 0 24 24">
  <path d="M3 9v6h4l5 5V4L7 9H3Zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.47 4.47 0 0 0 2.5-4ZM14 3.23v2.06a7 7 0 0 1 0 13.42v2.06a9 9 0 0 0 0-17.54Z"/>
</svg>`;function cl(t){return`
    <style>
      :host(:not([${n.MEDIA_VOLUME_LEVEL}])) slot[name=icon] slot:not([name=high]),
      :host([${n.MEDIA_VOLUME_LEVEL}=high]) slot[name=icon] slot:not([name=high]) {
        display: none !important;
      }

      :host([${n.MEDIA_VOLUME_LEVEL}=off]) slot[name=icon] slot:not([name=off]) {
        display: none !important;
      }

      :host([${n.MEDIA_VOLUME_LEVEL}=low]) slot[name=icon] slot:not([name=low]) {
        display: none !important;
      }

      :host([${n.MEDIA_VOLUME_LEVEL}=medium]) slot[name=icon] slot:not([name=medium]) {
        display: none !important;
      }

      :host(:not([${n.MEDIA_VOLUME_LEVEL}=off])) slot[name=tooltip-unmute],
      :host([${n.MEDIA_VOLUME_LEVEL}=off]) slot[name=tooltip-mute] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="off">${dl}</slot>
      <slot name="low">${kn}</slot>
      <slot name="medium">${kn}</slot>
      <slot name="high">${ul}</slot>
    </slot>
  `}function hl(){return`
    <slot name="tooltip-mute">${T("Mute")}</slot>
    <slot name="tooltip-unmute">${T("Unmute")}</slot>
  `}var wn=t=>{let i=t.mediaVolumeLevel==="off"?T("unmute"):T("mute");t.setAttribute("aria-label",i)},Ot=class extends Z{static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_VOLUME_LEVEL]}connectedCallback(){super.connectedCallback(),wn(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===n.MEDIA_VOLUME_LEVEL&&wn(this)}get mediaVolumeLevel(){return D(this,n.MEDIA_VOLUME_LEVEL)}set mediaVolumeLevel(e){L(this,n.MEDIA_VOLUME_LEVEL,e)}handleClick(){let e=this.mediaVolumeLevel==="off"?m.MEDIA_UNMUTE_REQUEST:m.MEDIA_MUTE_REQUEST;this.dispatchEvent(new l.CustomEvent(e,{composed:!0,bubbles:!0}))}};Ot.getSlotTemplateHTML=cl;Ot.getTooltipContentHTML=hl;l.customElements.get("media-mute-button")||l.customElements.define("media-mute-button",Ot);var ml=Ot;var pl=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Mn=(t,e,i)=>(pl(t,e,"read from private field"),i?i.call(t):e.get(t)),El=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Tr,vl=1,fl=t=>t.mediaMuted?0:t.mediaVolume,_l=t=>`${Math.round(t*100)}%`,Sr=class extends be{constructor(){super(...arguments),El(this,Tr,()=>{let e=this.range.value,i=new l.CustomEvent(m.MEDIA_VOLUME_REQUEST,{composed:!0,bubbles:!0,detail:e});this.dispatchEvent(i)})}static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_VOLUME,n.MEDIA_MUTED,n.MEDIA_VOLUME_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),this.range.setAttribute("aria-label",T("volume")),this.range.addEventListener("input",Mn(this,Tr))}disconnectedCallback(){this.range.removeEventListener("input",Mn(this,Tr)),super.disconnectedCallback()}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),(e===n.MEDIA_VOLUME||e===n.MEDIA_MUTED)&&(this.range.valueAsNumber=fl(this),this.range.setAttribute("aria-valuetext",_l(this.range.valueAsNumber)),this.updateBar())}get mediaVolume(){return Y(this,n.MEDIA_VOLUME,vl)}set mediaVolume(e){Q(this,n.MEDIA_VOLUME,e)}get mediaMuted(){return I(this,n.MEDIA_MUTED)}set mediaMuted(e){y(this,n.MEDIA_MUTED,e)}get mediaVolumeUnavailable(){return D(this,n.MEDIA_VOLUME_UNAVAILABLE)}set mediaVolumeUnavailable(e){L(this,n.MEDIA_VOLUME_UNAVAILABLE,e)}};Tr=new WeakMap;l.customElements.get("media-volume-range")||l.customElements.define("media-volume-range",Sr);var gl=Sr;var Da=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ee=(t,e,i)=>(Da(t,e,"read from private field"),i?i.call(t):e.get(t)),at=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Ca=(t,e,i,r)=>(Da(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),$e=(t,e,i)=>(Da(t,e,"access private method"),i),Nt,Ie,wr,Ua,Rn,kr,xa,ui,Ir,yr,La,We={REMAINING:"remaining",SHOW_DURATION:"showduration",NO_TOGGLE:"notoggle"},Ln=[...Object.values(We),n.MEDIA_CURRENT_TIME,n.MEDIA_DURATION,n.MEDIA_SEEKABLE],Dn=["Enter"," "],bl="&nbsp;/&nbsp;",Ra=(t,{timesSep:e=bl}={})=>{var i,r;let a=(i=t.mediaCurrentTime)!=null?i:0,[,s]=(r=t.mediaSeekable)!=null?r:[],o=0;Number.isFinite(t.mediaDuration)?o=t.mediaDuration:Number.isFinite(s)&&(o=s);let d=t.remaining?it(0-(o-a)):it(a);return t.showDuration?`${d}${e}${it(o)}`:d},Al=t=>{var e;let i=t.mediaCurrentTime,[,r]=(e=t.mediaSeekable)!=null?e:[],a=null;if(Number.isFinite(t.mediaDuration)?a=t.mediaDuration:Number.isFinite(r)&&(a=r),i==null||a===null){t.setAttribute("aria-description",T("video not loaded, unknown time."));return}let s=t.remaining?tt(0-(a-i)):tt(i);if(!t.showDuration){t.setAttribute("aria-description",s);return}let o=tt(a),d=T("{currentTime} of {totalTime}",{currentTime:s,totalTime:o});t.setAttribute("aria-description",d)};function Tl(t,e){return`
    <slot>${Ra(e)}</slot>
  `}var Sl=t=>{t.setAttribute("aria-label",T("playback time"))},ci=class extends se{constructor(){super(),at(this,Ua),at(this,kr),at(this,ui),at(this,yr),at(this,Nt,void 0),at(this,Ie,null),at(this,wr,e=>{let{metaKey:i,altKey:r,key:a}=e;if(i||r||!Dn.includes(a)){this.removeEventListener("keyup",Ee(this,Ie));return}this.addEventListener("keyup",Ee(this,Ie))}),Ca(this,Nt,this.shadowRoot.querySelector("slot")),Ee(this,Nt).innerHTML=`${Ra(this)}`}static get observedAttributes(){return[...super.observedAttributes,...Ln,"disabled"]}connectedCallback(){let{style:e}=C(this.shadowRoot,":host(:hover:not([notoggle]))");e.setProperty("cursor","var(--media-cursor, pointer)"),e.setProperty("background","var(--media-control-hover-background, rgba(50 50 70 / .7))"),this.setAttribute("aria-label",T("playback time")),$e(this,ui,Ir).call(this),super.connectedCallback()}toggleTimeDisplay(){this.noToggle||(this.hasAttribute("remaining")?this.removeAttribute("remaining"):this.setAttribute("remaining",""))}disconnectedCallback(){this.disable(),$e(this,kr,xa).call(this),super.disconnectedCallback()}attributeChangedCallback(e,i,r){Sl(this),Ln.includes(e)?this.update():e==="disabled"&&r!==i?r==null?$e(this,ui,Ir).call(this):$e(this,yr,La).call(this):e===We.NO_TOGGLE&&r!==i&&(this.noToggle?$e(this,yr,La).call(this):$e(this,ui,Ir).call(this)),super.attributeChangedCallback(e,i,r)}enable(){this.noToggle||(this.tabIndex=0)}disable(){this.tabIndex=-1}get remaining(){return I(this,We.REMAINING)}set remaining(e){y(this,We.REMAINING,e)}get showDuration(){return I(this,We.SHOW_DURATION)}set showDuration(e){y(this,We.SHOW_DURATION,e)}get noToggle(){return I(this,We.NO_TOGGLE)}set noToggle(e){y(this,We.NO_TOGGLE,e)}get mediaDuration(){return Y(this,n.MEDIA_DURATION)}set mediaDuration(e){Q(this,n.MEDIA_DURATION,e)}get mediaCurrentTime(){return Y(this,n.MEDIA_CURRENT_TIME)}set mediaCurrentTime(e){Q(this,n.MEDIA_CURRENT_TIME,e)}get mediaSeekable(){let e=this.getAttribute(n.MEDIA_SEEKABLE);if(e)return e.split(":").map(i=>+i)}set mediaSeekable(e){if(e==null){this.removeAttribute(n.MEDIA_SEEKABLE);return}this.setAttribute(n.MEDIA_SEEKABLE,e.join(":"))}update(){let e=Ra(this);Al(this),e!==Ee(this,Nt).innerHTML&&(Ee(this,Nt).innerHTML=e)}};Nt=new WeakMap;Ie=new WeakMap;wr=new WeakMap;Ua=new WeakSet;Rn=function(){Ee(this,Ie)||(Ca(this,Ie,t=>{let{key:e}=t;if(!Dn.includes(e)){this.removeEventListener("keyup",Ee(this,Ie));return}this.toggleTimeDisplay()}),this.addEventListener("keydown",Ee(this,wr)),this.addEventListener("click",this.toggleTimeDisplay))};kr=new WeakSet;xa=function(){Ee(this,Ie)&&(this.removeEventListener("keyup",Ee(this,Ie)),this.removeEventListener("keydown",Ee(this,wr)),this.removeEventListener("click",this.toggleTimeDisplay),Ca(this,Ie,null))};ui=new WeakSet;Ir=function(){!this.noToggle&&!this.hasAttribute("disabled")&&(this.setAttribute("role","button"),this.enable(),$e(this,Ua,Rn).call(this))};yr=new WeakSet;La=function(){this.removeAttribute("role"),this.disable(),$e(this,kr,xa).call(this)};ci.getSlotTemplateHTML=Tl;l.customElements.get("media-time-display")||l.customElements.define("media-time-display",ci);var Il=ci;var Cn=`<svg aria-hidden="true" viewBox="0 0 28 24">
  <path d="M24 3H4a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h20a1 1 0 0 0 1-1V4a1 1 0 0 0-1-1Zm-1 16H5V5h18v14Zm-3-8h-7v5h7v-5Z"/>
</svg>`;function yl(t){return`
    <style>
      :host([${n.MEDIA_IS_PIP}]) slot[name=icon] slot:not([name=exit]) {
        display: none !important;
      }

      :host(:not([${n.MEDIA_IS_PIP}])) slot[name=icon] slot:not([name=enter]) {
        display: none !important;
      }

      :host([${n.MEDIA_IS_PIP}]) slot[name=tooltip-enter],
      :host(:not([${n.MEDIA_IS_PIP}])) slot[name=tooltip-exit] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="enter">${Cn}</slot>
      <slot name="exit">${Cn}</slot>
    </slot>
  `}function kl(){return`
    <slot name="tooltip-enter">${T("Enter picture in picture mode")}</slot>
    <slot name="tooltip-exit">${T("Exit picture in picture mode")}</slot>
  `}var Un=t=>{let e=t.mediaIsPip?T("exit picture in picture mode"):T("enter picture in picture mode");t.setAttribute("aria-label",e)},Ft=class extends Z{static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_IS_PIP,n.MEDIA_PIP_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),Un(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===n.MEDIA_IS_PIP&&Un(this)}get mediaPipUnavailable(){return D(this,n.MEDIA_PIP_UNAVAILABLE)}set mediaPipUnavailable(e){L(this,n.MEDIA_PIP_UNAVAILABLE,e)}get mediaIsPip(){return I(this,n.MEDIA_IS_PIP)}set mediaIsPip(e){y(this,n.MEDIA_IS_PIP,e)}handleClick(){let e=this.mediaIsPip?m.MEDIA_EXIT_PIP_REQUEST:m.MEDIA_ENTER_PIP_REQUEST;this.dispatchEvent(new l.CustomEvent(e,{composed:!0,bubbles:!0}))}};Ft.getSlotTemplateHTML=yl;Ft.getTooltipContentHTML=kl;l.customElements.get("media-pip-button")||l.customElements.define("media-pip-button",Ft);var wl=Ft;var Pn=(t,e,i)=>{if(!e.has(t))throw TypeError("Cannot "+i)},Ml=(t,e,i)=>(Pn(t,e,"read from private field"),i?i.call(t):e.get(t)),Ll=(t,e,i)=>{if(e.has(t))throw TypeError("Cannot add the same private member more than once");e instanceof WeakSet?e.add(t):e.set(t,i)},Rl=(t,e,i,r)=>(Pn(t,e,"write to private field"),r?r.call(t,i):e.set(t,i),i),Mr,Dl=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M16 3v2.5h3.5V9H22V3h-6ZM4 9h2.5V5.5H10V3H4v6Zm15.5 9.5H16V21h6v-6h-2.5v3.5ZM6.5 15H4v6h6v-2.5H6.5V15Z"/>
</svg>`,Cl=`<svg aria-hidden="true" viewBox="0 0 26 24">
  <path d="M18.5 6.5V3H16v6h6V6.5h-3.5ZM16 21h2.5v-3.5H22V15h-6v6ZM4 17.5h3.5V21H10v-6H4v2.5Zm3.5-11H4V9h6V3H7.5v3.5Z"/>
</svg>`;function Ul(t){return`
    <style>
      :host([${n.MEDIA_IS_FULLSCREEN}]) slot[name=icon] slot:not([name=exit]) {
        display: none !important;
      }

      
      :host(:not([${n.MEDIA_IS_FULLSCREEN}])) slot[name=icon] slot:not([name=enter]) {
        display: none !important;
      }

      :host([${n.MEDIA_IS_FULLSCREEN}]) slot[name=tooltip-enter],
      :host(:not([${n.MEDIA_IS_FULLSCREEN}])) slot[name=tooltip-exit] {
        display: none;
      }
    </style>

    <slot name="icon">
      <slot name="enter">${Dl}</slot>
      <slot name="exit">${Cl}</slot>
    </slot>
  `}function xl(){return`
    <slot name="tooltip-enter">${T("Enter fullscreen mode")}</slot>
    <slot name="tooltip-exit">${T("Exit fullscreen mode")}</slot>
  `}var xn=t=>{let e=t.mediaIsFullscreen?T("exit fullscreen mode"):T("enter fullscreen mode");t.setAttribute("aria-label",e)},Ht=class extends Z{constructor(){super(...arguments),Ll(this,Mr,null)}static get observedAttributes(){return[...super.observedAttributes,n.MEDIA_IS_FULLSCREEN,n.MEDIA_FULLSCREEN_UNAVAILABLE]}connectedCallback(){super.connectedCallback(),xn(this)}attributeChangedCallback(e,i,r){super.attributeChangedCallback(e,i,r),e===n.MEDIA_IS_FULLSCREEN&&xn(this)}get mediaFullscreenUnavailable(){return D(this,n.MEDIA_FULLSCREEN_UNAVAILABLE)}set mediaFullscreenUnavailable(e){L(this,n.MEDIA_FULLSCREEN_UNAVAILABLE,e)}get mediaIsFullscreen(){return I(this,n.MEDIA_IS_FULLSCREEN)}set mediaIsFullscreen(e){y(this,n.MEDIA_IS_FULLSCREEN,e)}handleClick(e){Rl(this,Mr,e);let i=Ml(this,Mr)instanceof PointerEvent,r=this.mediaIsFullscreen?new l.CustomEvent(m.MEDIA_EXIT_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0}):new l.CustomEvent(m.MEDIA_ENTER_FULLSCREEN_REQUEST,{composed:!0,bubbles:!0,detail:i});this.dispatchEvent(r)}};Mr=new WeakMap;Ht.getSlotTemplateHTML=Ul;Ht.getTooltipContentHTML=xl;l.customElements.get("media-fullscreen-button")||l.customElements.define("media-fullscreen-button",Ht);var Pl=Ht;export{Oo as MediaController,Pl as MediaFullscreenButton,ml as MediaMuteButton,wl as MediaPipButton,Go as MediaPlayButton,tl as MediaPreviewTimeDisplay,Il as MediaTimeDisplay,ll as MediaTimeRange,Vi as MediaTooltip,gl as MediaVolumeRange,Zn as addTranslation,Or as setLanguage};
