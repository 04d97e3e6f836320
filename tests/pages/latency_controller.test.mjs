import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyController, MOST_BEHIND, rateFor } from "../../static/js/latency_controller.js";

const PART = 0.334;
const ON_TIME = () => 0;

/**
 * A player of a live lecture. Part n is there at n × PART seconds of the clock and `late(n)` seconds more; parts keep their order.
 * `behind`: seconds of media that are already there at the start. Stands still where nothing is ahead.
 */
class Play {
  constructor({ behind = 0.3, late = ON_TIME } = {}) {
    Object.assign(this, { controller: new LatencyController(), now: 0, position: 0, end: behind, rate: 1, part: 1, late, stood: 0, answers: [] });
  }

  run(seconds) {
    const from = this.answers.length;
    for (const until = this.now + seconds; this.now < until - 1e-9; ) this.#tick();
    return this.answers.slice(from);
  }

  #tick() {
    this.now += 0.1;
    while (this.part * PART + this.late(this.part) <= this.now) { this.end += PART; this.part += 1; }
    const step = Math.min(0.1 * this.rate, this.end - this.position);
    if (step < 0.1 * this.rate) this.stood += 0.1 - step / this.rate;
    this.position += step;
    const ahead = this.end - this.position;
    const answer = this.controller.sample(1000 * this.now, this.position, ahead);
    if (answer.seek) this.position = this.end - 0.668;
    this.rate = answer.rate;
    this.answers.push({ ...answer, ahead, behind: this.now - this.position, stood: this.stood });
  }
}

const last = (answers) => answers.at(-1);
const close = (is, wanted) => assert.ok(Math.abs(is - wanted) < 1e-9, `${is}, not ${wanted}`);

test("says nothing before a part's saw-tooth was seen", () => {
  const controller = new LatencyController();
  assert.deepEqual(controller.sample(0, 0, 3), { rate: 1, seek: false });
  assert.deepEqual(controller.sample(500, 0.5, 3), { rate: 1, seek: false });
  assert.ok(controller.sample(700, 0.7, 3).rate > 1);
});

test("comes down to the aim and stays there", () => {
  const play = new Play({ behind: 2 });
  const lows = play.run(60).slice(-30).map((a) => a.ahead);
  assert.ok(Math.min(...lows) > 0.15 && Math.min(...lows) < 0.45, `least ${Math.min(...lows)}`);
  assert.ok(play.answers.every((a) => a.rate <= 1.2 && a.rate >= 0.95 && !a.seek));
  close(play.controller.aim, 0.3);
  assert.equal(play.stood, 0);
});

test("slows down when little is left", () => assert.equal(rateFor(-0.2), 0.95));
test("leaves small errors alone", () => assert.equal(rateFor(0.04), 1));
test("never drags, and squeaks only where seconds are missing", () => {
  assert.deepEqual([0.051, 0.5, 1, 2, 9].map((error) => +rateFor(error).toFixed(3)), [1.02, 1.1, 1.1, 1.2, 1.25]);
});

test("catches up ten seconds within a minute and leaves nothing out", () => {
  const play = new Play({ behind: 10.3 });
  const answers = play.run(60);
  assert.ok(answers.every((a) => !a.seek));
  assert.ok(last(answers).ahead < 0.75, `${last(answers).ahead} s ahead`);
});

test("jumps when playing faster would take more than a minute", () => {
  assert.ok(new Play({ behind: MOST_BEHIND + 1 }).run(0.8).some((a) => a.seek));
  assert.ok(!new Play({ behind: MOST_BEHIND - 1 }).run(0.8).some((a) => a.seek));
});

test("a line with jitter moves the picture back by itself until it stands still no more", () => {
  const play = new Play({ behind: 0.6, late: (part) => (part > 60 && part % 9 === 0 ? 0.9 : 0) });
  play.run(19);
  close(play.controller.aim, 0.3);
  play.run(40);
  const { stood } = play;
  play.run(60);
  assert.ok(play.controller.aim > 0.95 && play.controller.aim < 1.4, `aim ${play.controller.aim}`);
  assert.equal(play.stood, stood);
});

test("a line that has become quiet moves it forth again", () => {
  const play = new Play({ behind: 0.6, late: (part) => (part < 120 && part % 9 === 0 ? 0.9 : 0) });
  play.run(40);
  assert.ok(play.controller.aim > 0.9);
  play.run(140);
  close(play.controller.aim, 0.3);
  assert.ok(last(play.answers).ahead < 0.75);
});

test("a line that was cut is no jitter", () => {
  const back = 30; // seconds of the clock at which the line is there again, after ten; then it takes two to bring what it owes
  const comes = (part) => Math.max(part * PART, part * PART > 20 ? back + (part - 60) * 0.055 : 0);
  const play = new Play({ behind: 0.6, late: (part) => comes(part) - part * PART });
  play.run(back + 2.5);
  close(play.controller.aim, 0.3);
  const answers = play.run(60);
  assert.ok(answers.every((a) => !a.seek));
  assert.ok(last(answers).behind < 1);
});

test("how seldom a hidden tab looks is no jitter", () => {
  const controller = new LatencyController();
  for (let second = 0; second < 60; second += 1) controller.sample(1000 * second, second, second % 2 ? 0.9 : 0.5);
  close(controller.aim, 0.3);
});

test("stalls raise the aim up to a bound, quiet minutes lower it again", () => {
  const controller = new LatencyController();
  for (let i = 0; i < 20; i += 1) controller.stalled(i * 6000);
  close(controller.aim, 2);
  for (let at = 0; at <= 21; at += 1) controller.sample(114_100 + 1000 * at, at, 2.5);
  assert.ok(controller.aim <= 2 && controller.aim >= 1.9);
});

test("one trouble counts once", () => {
  const controller = new LatencyController();
  for (let i = 0; i < 20; i += 1) controller.stalled(1000 + i * 100);
  close(controller.aim, 0.5);
});

test("what was left ahead before a seek counts no more", () => {
  const play = new Play();
  play.run(2);
  play.controller.reset();
  assert.deepEqual(play.controller.sample(2100, 20, 5), { rate: 1, seek: false });
});
