"""The sentences that scripts show, translated on the server and rendered into the page as JSON.

Called by the pages' views, in web threads with a request. `{name}` is filled in by the script
(`static/js/page_data.js`). A test holds the keys against those the scripts ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

Strings = dict[str, str]


def front_strings() -> Strings:
    return {
        "watching": _("{count} watching"),
        "found": _("Found: {count}"),
        "nothing_found": _("Nothing was found for “{words}”."),
        "no_answer": _("The server does not answer. This page goes on by itself."),
    }


def room_strings() -> Strings:
    """For the room's page and a recording's page."""
    return {
        "live": _("Live"),
        "back_soon": _("Back soon"),
        "recording": _("Recording"),
        "waiting": _("The lecture has not begun. This page starts by itself."),
        "starts_by_itself": _("This page starts by itself."),
        "begins_today": _("Begins today at {time}"),
        "begins_on": _("Begins on {date} at {time}"),
        "begins_late": _("It was to begin at {time}"),
        "slate": _("The lecturer's line was cut at {time}. This page goes on by itself."),
        "slate_some_time": _("The lecturer's line was cut. This page goes on by itself."),
        "locked": _("This room asks for a password."),
        "members_only": _("This room is for people who have an account here."),
        "invited_only": _("This room is for people who were invited, and your account is not on its list."),
        "kept_out": _("This room's organization does not let you in from where you are."),
        "gone": _("This room or recording is not here any more."),
        "no_answer": _("The server does not answer. This page goes on by itself."),
        "media_trouble": _("The picture had a fault. This page is mending it."),
        "wrong_password": _("The password is wrong."),
        "too_many": _("Too many attempts. Please wait a minute."),
        "watching": _("{count} watching"),
        "behind": _("{time} behind"),
        "mp4_making": _("The MP4 file is being made: {percent} percent"),
        "resumed": _("Goes on where you left: {time}"),
        "watched": _("Watched: {percent} percent"),
        "no_captions": _("This lecture has no captions."),
        "captions": _("Captions"),
        "lines_found": _("Lines found: {count}"),
        "lines_changed": _("Lines changed: {count}"),
        "text_at": _("Text at {time}"),
        "transcript_saved": _("The transcript is saved."),
        "transcript_not_saved": _("The server does not answer. Nothing was saved. Please try again."),
        "link_copied": _("The link is copied."),
        "code_copied": _("The embed code is copied."),
        "not_copied": _("The browser did not let this page copy. Select the text and copy it yourself."),
        "mark_slate": _("{time}: the lecturer was away for {length}"),
        "mark_gap": _("{time}: {length} are missing"),
        "mark_healed": _("{time}: {length} come from the lecturer's own copy"),
        "mark_slate_left_out": _("{time}: {length} of waiting were left out"),
        "mark_private": _("{time}: {length} are private and were left out"),
        "mark_gap_left_out": _("{time}: {length} are missing here"),
        "silence": _("Silence"),
        "poster_chosen": _("This picture will stand for the recording in a moment."),
        **keeping_sentences(),
    }


def keeping_sentences() -> Strings:
    """What viewers are told of what becomes of the lecture's recording, by `library.keeping.Kept`."""
    return {
        "kept_published": _("This lecture is recorded."),
        "kept_held": _(
            "The recording of this lecture is not published. Only its lecturer keeps it, for {days} days."
        ),
        "kept_none": _("This lecture is not recorded."),
    }


def held_strings() -> Strings:
    """For the page of a recording that is held."""
    return {
        "deleted": _("The recording is deleted."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
    }


def recording_rule_strings() -> Strings:
    return {
        "saved": _("Saved."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
    }


def notices_strings() -> Strings:
    return {"not_saved": _("The server does not answer. Nothing was changed. Please try again.")}


def personal_data_strings() -> Strings:
    return {
        "not_erased": _("The server does not answer. Look again in a minute whether the person is erased.")
    }


def chrome_strings() -> Strings:
    """What media-chrome's elements say, by the English words that they know it by."""
    said = {
        "Play": _("Play"),
        "Pause": _("Pause"),
        "Mute": _("Mute"),
        "Unmute": _("Unmute"),
        "Enter fullscreen mode": _("Full screen"),
        "Exit fullscreen mode": _("Leave full screen"),
        "Enter picture in picture mode": _("Picture in picture"),
        "Exit picture in picture mode": _("Leave picture in picture"),
        "video player": _("Player"),
        "volume": _("Volume"),
        "seek": _("Place in the lecture"),
        "playback time": _("Time played"),
        "hour": _("hour"),
        "hours": _("hours"),
        "minute": _("minute"),
        "minutes": _("minutes"),
        "second": _("second"),
        "seconds": _("seconds"),
        "{time} remaining": _("{time} remaining"),
        "{currentTime} of {totalTime}": _("{currentTime} of {totalTime}"),
        "video not loaded, unknown time.": _("Nothing is loaded yet."),
    }
    # The labels that screen readers read begin with a small letter, the tooltips with a large one.
    return said | {key[0].lower() + key[1:]: words for key, words in said.items()}


def studio_strings() -> Strings:
    return {
        "live": _("Live"),
        "connecting": _("Connecting…"),
        "reconnecting": _("The line was cut. Connecting again…"),
        "running": _("Running"),
        "watching": _("{count} watching"),
        "recording_ok": _("Recording · {size} · {age} s ago"),
        "recording_spilling": _("The disk is full. Recording to memory · {size}"),
        "recording_losing": _("The recording has gaps: no space is left"),
        "recording_late": _("Nothing was recorded for {age} s · {size}"),
        "recording_unknown": _("No word of the recording right now"),
        "line_good": _("Good line"),
        "line_fair": _("Weak line"),
        "line_poor": _("Poor line"),
        "advice_good": _("All that you send arrives."),
        "advice_fair": _("It holds, with little to spare. A cable is better than Wi-Fi."),
        "advice_poor": _("Viewers may see faults. Use a cable, or choose a smaller picture."),
        "limited_none": _("nothing"),
        "limited_bandwidth": _("the line"),
        "limited_cpu": _("this computer"),
        "mute": _("Mute"),
        "muted": _("Muted"),
        "camera_n": _("Camera"),
        "microphone_n": _("Microphone"),
        "no_camera": _("No camera"),
        "share_screen": _("Share screen"),
        "stop_sharing": _("Stop sharing"),
        "share_again": _("Share your screen again: a page that was loaded anew may not do it by itself."),
        "screen_ended": _("The screen is no longer shared."),
        "camera_lost": _("“{label}” is gone. Connect it again, or choose another camera."),
        "microphone_lost": _(
            "“{label}” is gone. Nobody hears you. Connect it again, or choose another microphone."
        ),
        "device_replaced": _("“{label}” is gone. “{substitute}” stands in until it is back."),
        "device_back": _("“{label}” is back."),
        "quality_now": _("Now {name}: {width} × {height}, 30 pictures a second"),
        "made_smaller": _("Computer or line did not keep up: the picture is {name} now."),
        "silent": _("Nothing is heard from your microphone. Is it the right one, and is it switched on?"),
        "camera_black": _("The camera's picture is black. Is its cover closed?"),
        "camera_frozen": _("The camera's picture stands still. Choose the camera again."),
        "screen_black": _(
            "The shared screen is black. Some windows cannot be shared; share the whole screen."
        ),
        "title_not_saved": _("The server does not answer. The title was not changed. Please try again."),
        "planned": _("Scheduled for {time}: “{title}”. Going live now holds this lecture."),
        "other_tab": _("Another tab of this browser sends now. This one has stopped."),
        "sound_check": _("Sound check"),
        "sound_check_idle": _("Speak for four seconds, then hear yourself as the audience does."),
        "sound_check_stop": _("Stop"),
        "sound_check_recording": _("Recording. Please speak…"),
        "sound_check_playing": _("Playing back. This is how you sound."),
        "sound_check_nothing": _("Nothing was heard. Is this the right microphone, and is it switched on?"),
        "sound_check_quiet": _("You are quiet. Move closer to the microphone."),
        "sound_check_good": _("You are heard well."),
        "sound_check_loud": _("You are too loud: the sound is distorted. Move back a little."),
        "sound_check_failed": _(
            "The sound check did not work in this browser. The level beside the microphone tells, too."
        ),
        "line_test_running": _("Measuring…"),
        "line_test_good": _(
            "{rate} Mbit/s to the server, {ms} ms there and back: enough for {name}. "
            "Measured for three seconds over the web; a lecture may take another way."
        ),
        "line_test_poor": _(
            "{rate} Mbit/s to the server, {ms} ms there and back: too little for a good picture. "
            "Use a cable or another network."
        ),
        "line_test_failed": _("The line could not be measured. Please try again."),
        "capture_not_allowed": _(
            "The browser does not let this page use the camera or microphone. "
            "Allow it beside the address bar, then load the page again."
        ),
        "capture_not_found": _("No camera or microphone was found. Connect one and choose it here."),
        "capture_in_use": _("Another program is using the camera or microphone. Close it and choose again."),
        "capture_failed": _("The camera, microphone or screen could not be opened. Please choose again."),
        "needs_https": _(
            "Browsers give cameras only to secure pages. "
            "Open this page over HTTPS, or on the server's own machine as localhost."
        ),
        "not_off_record": _("Not off the record: the server does not answer. Please try again."),
        "still_off_record": _("Still off the record: the server does not answer. Please try again."),
        "going_live": _("You are going live."),
        "going_live_copied": _("You are going live. The room's link is copied."),
        "link_copied": _("The link is copied."),
        "ended_elsewhere": _("The lecture was ended elsewhere. The recording is safe."),
        "lecture_ended": _("The lecture has ended. The recording is ready."),
        "end_failed": _("The server does not answer. The lecture is still running. Please try again."),
        "just_ended": _("The lecture has ended meanwhile. Go live again to begin a new one."),
        "no_way_through": _(
            "Picture and sound do not get through to the server. It is tried again and again; "
            "perhaps this network lets no UDP pass."
        ),
        "no_h264": _("This browser cannot send H.264 video. Use a current Chrome, Edge, Safari or Firefox."),
        "disk_full": _("The server's disk is full. No lecture can begin until there is space."),
        "refused": _("The server does not take this broadcast."),
        "copy_kept": _("A copy of this lecture is being kept."),
        "copy_no_space": _("No safety copy is kept: this computer has no space for it."),
        "copy_slow": _("No safety copy is kept right now: this computer is busy enough with the lecture."),
        "copy_impossible": _("No safety copy is kept: this browser cannot do it."),
        "copy_gap": _("The recording has a gap of {length}. This computer kept a copy."),
        "copy_gaps": _("The recording has {count} gaps, {length} together. This computer kept a copy."),
        "copy_uploading": _("The copy is being uploaded. You can go on working here."),
        "copy_waiting": _("The line was cut. The upload goes on by itself."),
        "copy_paused": _("The upload of the copy is paused."),
        "copy_healing": _("The server is completing the recording. This page may be closed."),
        "copy_complete": _("The recording is complete."),
        "copy_short": _("The recording has all that the copy has. {length} are missing in both."),
        "copy_partly": _(
            "{length} of the recording could not be filled in. The copy is still on this computer."
        ),
        "copy_elsewhere": _("Another tab of this browser is completing the recording."),
        "copy_failed": _(
            "The recording could not be completed: {reason} The copy is still on this computer; try again."
        ),
        "copy_failed_somehow": _(
            "The recording could not be completed. The copy is still on this computer; try again."
        ),
        "copy_percent": _("{percent} percent"),
        "copy_percent_of": _("{percent} percent of {size}"),
        "sign_in_again": _("You are signed out. Sign in again in another tab, then go live here."),
        "keeps_published": _("The recording of this lecture is published as the room is."),
        "keeps_held": _(
            "Not published: you alone can watch the recording, and it is deleted after {days} days."
        ),
        "keeps_none": _(
            "Your organization keeps no recordings: this one is deleted when the lecture is over."
        ),
        "before_published": _("Going live starts the recording and copies the room's link."),
        "before_other": _("Going live copies the room's link."),
        "ends_published": _("It ends for all viewers. The recording plays at once at the same address."),
        "ends_held": _("It ends for all viewers. The recording is held for you alone, for {days} days."),
        "ends_none": _("It ends for all viewers. The recording is deleted."),
        "lecture_held": _("The lecture has ended. Its recording is held for you in your library."),
        "lecture_not_kept": _("The lecture has ended. No recording is kept."),
        "wish_not_kept": _("The server does not answer. Nothing was changed. Please try again."),
    }


def media_strings() -> Strings:
    """For the studio's panel of films, which has a block of its own."""
    return {
        "uploading": _("Uploading · {percent} percent of {size}"),
        "paused": _("Paused at {percent} percent of {size}"),
        "waiting": _("The line was cut. The upload goes on by itself."),
        "unfinished": _("Unfinished at {percent} percent. Choose the same file again to go on."),
        "queued": _("Waits to be prepared"),
        "preparing": _("Being prepared · {percent} percent"),
        "ready": _("Ready · {time}"),
        "ready_cut": _("Ready · {time} · the file was cut off there"),
        "failed_empty": _("This file is empty."),
        "failed_unreadable": _("This is no MP4, WebM or MOV film, or it is damaged."),
        "failed_no_picture": _("This file has no picture."),
        "failed_too_large": _("The picture of this film is too large."),
        "failed_too_long": _("This film is longer than 12 hours."),
        "failed_given_up": _("This film could not be prepared. Please upload it again."),
        "play": _("Play"),
        "play_film": _("Play “{title}”"),
        "pause": _("Pause"),
        "go_on": _("Go on"),
        "pause_upload": _("Pause the upload of “{title}”"),
        "resume_upload": _("Go on with the upload of “{title}”"),
        "delete_film": _("Delete “{title}”"),
        "delete_question": _("Delete “{title}”?"),
        "position": _("{time} of {length}"),
        "too_large": _("This film is larger than may be uploaded here ({size})."),
        "no_answer": _("The server does not answer. Please try again."),
        "ready_now": _("“{title}” is ready to be played."),
        "over": _("The film is over. Viewers see you again."),
        "over_already": _("The film is over already."),
        "camera_failed": _(
            "This camera cannot be shown. Check its address, user and password, that it is on, "
            "that it sends H.264, and that it is in a network allowed here."
        ),
    }


def scheduled_strings() -> Strings:
    """For the settings' panel of scheduled lectures, which has a block of its own."""
    return {
        "no_answer": _("The server does not answer. Nothing was changed. Please try again."),
        "minutes": _("{count} min"),
        "change_it": _("Change “{title}”"),
        "call_off_it": _("Call off “{title}”"),
        "new_title": _("Schedule a lecture"),
        "change_title": _("Change the scheduled lecture"),
        "zone": _("In your time zone: {zone}. Everybody sees it in their own."),
        "planned": _("The lecture is scheduled."),
        "saved": _("Saved."),
        "call_off_question": _("Call off “{title}”?"),
        "called_off": _("The lecture is called off."),
    }


def library_strings() -> Strings:
    return {
        "mp4_waiting": _("MP4: waiting"),
        "mp4_running": _("MP4: {percent} percent"),
        "thrown": _("The recording is in the trash."),
        "undo": _("Undo"),
        "restored": _("The recording is back."),
        "room_restored": _("The room is back."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "upload_sending": _("Uploading: {percent} percent of {size}"),
        "upload_line_cut": _("The line was cut at {percent} percent. The upload goes on by itself."),
        "upload_paused": _("Paused at {percent} percent of {size}"),
        "upload_unfinished": _("Stopped at {percent} percent. Choose the same file again, and it goes on."),
        "upload_waiting": _("Uploaded. Waits for its turn"),
        "upload_wait_disk": _("Uploaded. Waits for free disk space"),
        "upload_wait_scanner": _("Uploaded. Waits for the virus scanner, which does not answer"),
        "upload_wait_retry": _("Something went wrong. It is tried again soon"),
        "upload_checking": _("Checked for viruses"),
        "upload_preparing": _("Prepared: {percent} percent done"),
        "upload_preparing_left": _("Prepared: {percent} percent done, about {time} left"),
        "upload_failed": _("Failed"),
        "upload_quarantined": _("In quarantine: the virus scanner found “{name}” in it"),
        "upload_ready": _("In the library"),
        "upload_was_ready": _("“{title}” is in the library."),
        "upload_other_file": _("That is another file than the one that was begun."),
        "upload_too_large": _("This file is larger than may be uploaded here ({size})."),
        "upload_failed_empty": _("This file is empty."),
        "upload_failed_unreadable": _("This file cannot be read: it is damaged, or no video or sound."),
        "upload_failed_nothing": _("There is neither a moving picture nor sound in this file."),
        "upload_failed_protected": _("This file is protected against copying (DRM)."),
        "upload_failed_too_large": _("The picture is larger than 8192×4352."),
        "upload_failed_too_long": _("It is longer than 12 hours."),
        "upload_failed_too_short": _("There is less than half a second in this file."),
        "upload_failed_cut_off": _(
            "The file is cut off: it is longer than what is here. Upload it once more."
        ),
        "upload_failed_gone": _("The file is not here any more. Upload it once more."),
        "upload_failed_given_up": _("It could not be prepared. The page of jobs says why."),
        "upload_retry": _("Try again: {title}"),
        "upload_give_up": _("Give up: {title}"),
        "upload_pause": _("Pause: {title}"),
        "upload_resume": _("Go on: {title}"),
        "upload_choose": _("Choose the file of {title}"),
        "upload_watch": _("Watch it: {title}"),
    }


def recording_form_strings() -> Strings:
    return {
        "saved": _("Saved."),
        "restored": _("The recording is back."),
        "mp4_again": _("The MP4 file is being made again."),
        "cuts_saved": _("Saved. Viewers see it from now on."),
        "cut_length": _("{shown} of {whole} are shown"),
        "no_span_time": _("Give both times, such as 1:30 or 1:02:03.5."),
        "span_backwards": _("A span ends after it begins."),
        "look_at_span": _("Look at {from} to {to}"),
        "show_span_again": _("Show {from} to {to} again"),
        "version_words": _("Version {version} · {who} · hidden spans: {count}"),
        "by_recorder": _("as recorded"),
        "by_healing": _("completed from a safety copy"),
        "by_file": _("another file"),
        "by_somebody": _("somebody"),
        "back_to_version": _("Back to version {version}"),
        "comes_home": _("The recording is being brought back to the disk."),
        "zone": _("Times are those of your time zone: {zone}."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "replace_sending": _("Uploading: {percent} percent"),
        "replace_waiting": _("The line was cut. The upload goes on by itself."),
    }


def chapters_strings() -> Strings:
    """For the recording form's panel of chapters, which has a block of its own."""
    return {
        "begins": _("Chapter {number} begins at"),
        "title": _("Title of chapter {number}"),
        "play": _("Play chapter {number}"),
        "remove": _("Remove chapter {number}"),
        "bad_time": _("A time is written as 1:02:03 or 2:03."),
        "added": _("A chapter at {time}"),
        "removed": _("The chapter is removed. Save to keep it so."),
        "saved": _("The chapters are saved."),
        "undo": _("Undo"),
        "undone": _("The chapters are as they were."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
    }


def rooms_strings() -> Strings:
    return {
        "link_copied": _("The link is copied."),
        "slug_taken": _("Another room has this address already."),
        "thrown": _("The room is in the trash."),
        "undo": _("Undo"),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
    }


def jobs_strings() -> Strings:
    return {
        "kind_mp4": _("MP4 file"),
        "kind_media": _("Film"),
        "kind_import": _("Upload into the library"),
        "kind_heal": _("Completing a recording"),
        "kind_pictures": _("Pictures of a recording"),
        "kind_poster": _("Chosen poster"),
        "kind_transcribe": _("Transcript"),
        "kind_scan": _("Check of what is stored"),
        "kind_store": _("Copy to the object store"),
        "kind_move": _("Move to the object store"),
        "kind_home": _("Return from the object store"),
        "place_disk": _("On the disk"),
        "place_copied": _("On the disk and in the object store"),
        "place_bucket": _("In the object store"),
        "place_damaged": _("Damaged, without a whole copy"),
        "kind_remove": _("Removal of a recording"),
        "kind_backup": _("Backup"),
        "kind_backup_check": _("Check of the backups"),
        "kind_restore": _("Restore from a backup"),
        "kind_notice_mail": _("Notice by mail"),
        "percent": _("{percent} percent done"),
        "percent_left": _("{percent} percent done, about {time} left"),
        "wait_turn": _("Waits for its turn"),
        "wait_retry": _("Failed. Tried again at {time}"),
        "wait_disk": _("Waits for free disk space. Looked at again at {time}"),
        "wait_model": _("Waits for a model to work with. Looked at again at {time}"),
        "wait_scanner": _("Waits for the virus scanner. Looked at again at {time}"),
        "wait_later": _("Cannot be done now. Looked at again at {time}"),
        "failed_at": _("Failed at attempt {count}"),
        "done": _("Done"),
        "cancelled": _("Cancelled"),
        "cancel_job": _("Cancel: {name}"),
        "retry_job": _("Do it again: {name}"),
        "was_cancelled": _("Cancelled: {name}"),
        "was_retried": _("Waits for its turn: {name}"),
        "no_answer": _("The server does not answer. This page goes on by itself."),
    }


def backups_strings() -> Strings:
    return jobs_strings() | {
        "ordered": _("It is on its way."),
        "looking": _("Looking into the backups …"),
        "found": _("Found: {count}"),
        "nothing_found": _("Nothing was found."),
        "recordings": _("Recordings: {count}"),
        "untitled": _("Without a title"),
        "in_trash": _("In the trash"),
        "is_here": _("Is here"),
        "bring_back": _("Bring back: {title}"),
        "return_question": _("“{title}”, from the backup of {date}."),
        "replace_question": _("“{title}” is here now, and is replaced by what it was on {date}."),
        "restoring": _("It is being restored."),
        "needs": _("It needs {size} of free disk there."),
    }


def dashboard_strings() -> Strings:
    return {"no_answer": _("The server does not answer. This page goes on by itself.")}


def health_strings() -> Strings:
    return {
        "no_answer": _("The server does not answer. This page goes on by itself."),
        "test_sent": _("A test message is on its way, within half a minute."),
    }


def settings_strings() -> Strings:
    return {
        "saved": _("Saved."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "never": _("never"),
        "revoke": _("Revoke"),
        "revoked": _("The key is revoked."),
        "revoke_question": _("Revoke the key “{label}”? An encoder that uses it is cut off at once."),
        "copied": _("Copied."),
    }


def account_strings() -> Strings:
    return {
        "saved": _("Saved."),
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "signed_out": _("That browser is signed out."),
    }


def person_strings() -> Strings:
    return {**account_strings(), **link_strings()}


def people_strings() -> Strings:
    return {
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "wrong_line": _("Line {line} ({user_id}): {words}"),
        "more_wrong": _("… and {count} more"),
        "would_be_made": _("The file is good. New accounts: {count}. There already: {known}."),
        "nothing_new": _("There is nobody new in the file. There already: {known}."),
        "import_check": _("Check the file"),
        "import_do": _("Import them"),
        **link_strings(),
    }


def link_strings() -> Strings:
    """What became of a link that sets a password, by the API's word for it."""
    return {
        "mail_sent": _("The link was mailed to {email}."),
        "mail_off": _(
            "No mail is sent here. Hand the link over yourself: whoever has it chooses the password."
        ),
        "mail_nowhere": _(
            "There is no mail address. Hand the link over yourself: whoever has it chooses the password."
        ),
        "mail_refused": _("The mail server does not take the address {email}. Hand the link over yourself."),
        "mail_unavailable": _(
            "The mail server does not answer. Hand the link over yourself, or try again later."
        ),
        "copied": _("Copied."),
        "not_copied": _("The browser did not let this page copy. Select the text and copy it yourself."),
    }


def guests_strings() -> Strings:
    """Of a room's invitations and links, in its settings."""
    return {
        "not_saved": _("The server does not answer. Nothing was changed. Please try again."),
        "invited_now": _("Invited: {count}"),
        "uninvited_now": _("Taken off the list: {count}"),
        "count": _("On the list: {count}"),
        "unfit": _("Neither a user ID nor a mail address: {names}"),
        "uninvite": _("Take off the list"),
        "uninvite_question": _("Take “{name}” off the list? Whoever watches by it is out at once."),
        "revoke": _("Take back"),
        "revoke_link_question": _("Take back the link “{label}”? Whoever came by it is out at once."),
        "link_revoked": _("The link is taken back."),
        "copy_link": _("Copy the link “{label}”"),
        "copied": _("Copied."),
        "ends": _("Until {date}"),
        "over": _("Over"),
        "taken_back": _("Taken back"),
    }


def doors_strings() -> Strings:
    return {
        "no_answer": _("The server does not answer. Nothing was changed. Please try again."),
        "list_allow": _("Allow"),
        "list_deny": _("Deny"),
        "kind_person": _("User ID"),
        "kind_network": _("Network"),
        "kind_host": _("Host name"),
        "remove": _("Remove"),
        "remove_it": _("Remove: {name}"),
        "shown": _("Rules: {found} of {total}"),
        "shown_first": _("Rules: {found} of {total}, the first {count} are shown"),
        "added": _("Added: {count}"),
        "removed": _("Removed: {count}"),
        "unfit": _("Nothing was changed. Lines that are no rules: {count}."),
        "unfit_line": _("Line {line}, {value}: {reason}"),
    }


STRINGS: Mapping[str, Callable[[], Strings]] = {
    "front_page.js": front_strings,
    "room_page.js": room_strings,
    "studio_page.js": studio_strings,
    "held_recording.js": held_strings,
    "recording_rule_page.js": recording_rule_strings,
    "notices_page.js": notices_strings,
    "personal_data_page.js": personal_data_strings,
    "media_panel.js": media_strings,
    "library_page.js": library_strings,
    "recording_form.js": recording_form_strings,
    "chapters_panel.js": chapters_strings,
    "rooms_page.js": rooms_strings,
    "jobs_page.js": jobs_strings,
    "backups_page.js": backups_strings,
    "dashboard_page.js": dashboard_strings,
    "health_page.js": health_strings,
    "settings_page.js": settings_strings,
    "scheduled_panel.js": scheduled_strings,
    "account_page.js": account_strings,
    "person_page.js": person_strings,
    "people_page.js": people_strings,
    "guests_panel.js": guests_strings,
    "doors_page.js": doors_strings,
}
