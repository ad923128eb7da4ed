/**
 * Places a packet that needs a closer look: the stamps are not regular yet, or it is not simply the next one. Reused. Worker thread.
 */
import { frameDurationMs, idleGapMs, reorderWindowFrames, timelineJumpMsMax } from '../base/limits.ts';
import { frameFlag } from '../memory/states.ts';
import type { RingWriter } from '../ring/writer.ts';
import { Pcm, type Placement } from './placement.ts';
import { advance, isSeen, markAllSeen, markSeen, samplesOf } from './seen-window.ts';
import { StampGrid } from './stamp-grid.ts';
import { dayMs, frozenStampMs, stallMsMax, stampWanderMs } from './stamp-limits.ts';

export class ClosePlacing {
  private readonly grid = new StampGrid();
  private writer!: RingWriter;
  private pcm = new Pcm();
  private placement!: Placement;
  private timestampMs = 0;
  private arrivalMs = 0;
  private msPerSample = 0;
  private newestSamples = 0;
  /** Behind the newest packet. */
  private nextPosition = 0;

  at(writer: RingWriter, timestampMs: number, arrivalMs: number, pcm: Pcm, placement: Placement): void {
    this.writer = writer;
    this.timestampMs = timestampMs;
    this.arrivalMs = arrivalMs;
    this.pcm = pcm;
    this.placement = placement;
    this.msPerSample = 1000 / writer.sampleRate;
    this.newestSamples = this.writer.newestSamples;
    this.nextPosition = this.writer.newestPositionSamples + this.newestSamples;
  }

  place(pausesAreIdle: boolean): void {
    const { grid, timestampMs } = this;
    if (this.newestSamples === 0) {
      this.begin();
      return;
    }
    grid.load(this.writer);
    if (Number.isNaN(timestampMs)) this.followUnstamped();
    else if (timestampMs > grid.highestMs) this.placeNew(pausesAreIdle);
    else if (!this.placeTwin()) {
      if (timestampMs === this.writer.newestTimestampMs) this.followSame();
      else this.placeOld(pausesAreIdle);
    } else return;
    if (grid.isRefuted) markAllSeen(this.writer);
    this.tellLoss();
    grid.store(this.writer);
  }

  private tellLoss(): void {
    if (this.grid.lostSteps === 0) return;
    this.placement.missingFrames = this.framesOf(this.grid.lostSteps);
    this.placement.gaps = this.grid.gaps;
  }

  /** No packet will tell any more. */
  settleDoubt(writer: RingWriter, placement: Placement): void {
    const { grid } = this;
    this.at(writer, Number.NaN, Number.NaN, this.pcm, placement);
    grid.load(writer);
    grid.endDoubt();
    this.tellLoss();
    grid.store(writer);
  }

  /** A participant's first packet. */
  private begin(): void {
    const { writer, grid, timestampMs, arrivalMs, placement } = this;
    placement.positionSamples = 0;
    placement.isUnusable = Number.isNaN(timestampMs);
    writer.firstTimestampMs = timestampMs;
    writer.firstArrivalMs = arrivalMs;
    grid.begin(timestampMs, 0, arrivalMs - timestampMs);
    this.advance(1, timestampMs, 0);
    grid.store(writer);
  }

  /** No stamp says when: behind the newest packet, or, after a silence, at the time of the arrival. */
  private followUnstamped(): void {
    const { placement, arrivalMs, stepMs } = this;
    placement.isUnusable = true;
    let steps = 0;
    if (this.sinceLastMs - stepMs > idleGapMs) {
      const dueMs = arrivalMs - this.writer.firstArrivalMs - this.nextPosition * this.msPerSample;
      steps = Math.max(0, Math.round(dueMs / stepMs));
    }
    if (steps > 0) placement.resume(this.framesOf(steps));
    this.grid.gridMs += steps * stepMs;
    this.advance(1 + steps, this.writer.newestTimestampMs, this.nextPosition + steps * this.newestSamples);
  }

  /** The stamp of the packet before, but other audio: the clock is coarse, or it has stopped. */
  private followSame(): void {
    const { grid, placement } = this;
    grid.sameMs += this.durationMs;
    grid.takeSame(this.timestampMs, this.stepMs);
    // Where in its tick the first stamp lies is not known: the next tick tells.
    if (this.timestampMs === this.writer.firstTimestampMs) grid.learnt = 0;
    else grid.refuteDoubt(this.timestampMs + this.stepMs, this.stepMs);
    if (grid.sameMs > frozenStampMs) {
      this.followUnstamped();
      return;
    }
    placement.consecutive = this.follows;
    this.advance(1, this.timestampMs, this.nextPosition);
  }

  /** A stamp before others that came: late, or it wanders; or the clock was set back. */
  private placeOld(pausesAreIdle: boolean): void {
    const { grid, placement, timestampMs, stepMs, nextPosition, newestSamples, writer } = this;
    const behindMs = grid.gridMs - stepMs - timestampMs;
    const behind = Math.round(behindMs / stepMs);
    if (behind >= reorderWindowFrames) {
      const sinceLastMs = timestampMs - this.writer.referenceTimestampMs;
      if (Math.abs(sinceLastMs - stepMs) <= stampWanderMs) {
        this.setClock(nextPosition + newestSamples);
        markSeen(writer, 1);
      } else {
        placement.flags = frameFlag.late;
        placement.positionSamples = nextPosition;
      }
      return;
    }
    const isOnGrid = Math.abs(behindMs - behind * stepMs) <= grid.toleranceMs(stepMs);
    const isBeyondWander = isOnGrid || timestampMs - grid.gridMs < -grid.leadMs(stepMs);
    const isHole = behind >= 1 && isBeyondWander && !isSeen(writer, behind);
    // No stamp wanders that far: it is late, though its step seems to be taken.
    const isFarBack = behindMs > grid.leadMs(stepMs) + stampWanderMs + stepMs;
    if (isHole || isFarBack) {
      markSeen(writer, behind);
      placement.flags = frameFlag.late;
      if (!isHole || grid.heldSteps > 0 || grid.displacedSteps > 0) {
        // There is no hole for it in the audio: it comes behind the newest.
        placement.positionSamples = nextPosition;
        writer.newestPositionSamples = nextPosition;
        grid.displacedSteps = reorderWindowFrames;
      } else placement.positionSamples = nextPosition - (behind + 1) * newestSamples;
      if (isHole) grid.fillDoubt();
      return;
    }
    this.placeNew(pausesAreIdle);
  }

  /** In order, after a gap or a pause; or the clock was set. */
  private placeNew(pausesAreIdle: boolean): void {
    const { grid, placement, timestampMs, arrivalMs, stepMs, nextPosition, newestSamples } = this;
    const nextMs = nextPosition * this.msPerSample;
    if (Number.isNaN(grid.gridMs)) grid.begin(timestampMs, nextMs, arrivalMs - timestampMs);
    const offMs = grid.learnt === 0 ? 0 : timestampMs - grid.gridMs;
    const aheadMs = nextMs + offMs - (arrivalMs - this.writer.firstArrivalMs);
    const isFar = offMs > timelineJumpMsMax || (offMs > this.stepMs / 2 && aheadMs > timelineJumpMsMax);
    if (isFar && !this.isConfirmed(offMs)) {
      this.setClock(nextPosition);
      return;
    }
    if (isFar || (pausesAreIdle && offMs > idleGapMs)) {
      grid.resume(timestampMs);
      const steps = Math.max(0, Math.round((timestampMs - grid.wanderMs / 2 - grid.originMs - nextMs) / stepMs));
      placement.resume(this.framesOf(Math.max(1, steps)));
      grid.take(timestampMs, arrivalMs, this.sinceLastMs, stepMs);
      // Where in its tick this stamp lies is not known: the next tick tells.
      if (grid.isCoarse) grid.learnt = 0;
      this.advance(1 + steps, timestampMs, nextPosition + steps * newestSamples);
      return;
    }
    const leftOut = grid.take(timestampMs, arrivalMs, this.sinceLastMs, stepMs);
    // How far the audio has fallen behind the stamps: by what is left out, and by what their clock is faster than ours.
    const behindMs = grid.gridMs - grid.heldSteps * stepMs - grid.originMs - nextMs;
    const hole = leftOut > 0 ? Math.max(0, Math.round(behindMs / stepMs)) : Math.max(0, Math.floor(behindMs / stepMs));
    const elapsedMs = timestampMs - this.writer.newestTimestampMs;
    placement.consecutive = this.follows && (leftOut === 0 || elapsedMs <= 1.5 * stepMs);
    placement.wanderMs = Math.abs(timestampMs - grid.gridMs);
    this.advance(1 + leftOut, timestampMs, nextPosition + hole * newestSamples);
    grid.displacedSteps = hole === leftOut ? Math.max(0, grid.displacedSteps - 1) : reorderWindowFrames;
  }

  /** Whether our own clock says the same: a hold, or a participant who was not dominant for a long time. */
  private isConfirmed(offMs: number): boolean {
    return offMs <= dayMs && Math.abs(offMs + this.stepMs - this.sinceLastMs) <= stallMsMax;
  }

  /** ACS's clock was set: the timeline continues without a gap, from a new timestamp. */
  private setClock(position: number): void {
    const { grid, placement, timestampMs, arrivalMs } = this;
    placement.isClockStep = true;
    placement.flags = frameFlag.resumed;
    grid.set(timestampMs, position * this.msPerSample, arrivalMs - timestampMs);
    this.advance(reorderWindowFrames, timestampMs, position);
  }

  /** Places it where it came before: the same stamp and the same audio. Returns whether it did. */
  private placeTwin(): boolean {
    const { writer, placement, timestampMs, pcm } = this;
    const framesBack = reorderWindowFrames * this.framesOf(1);
    let position = writer.positionOf(timestampMs, pcm.bytes, pcm.at, pcm.length, framesBack);
    if (Number.isNaN(position)) {
      // If it may not be in the ring any more, where duplicates take room too, what is left is that its step was seen.
      const behindMs = this.grid.gridMs - this.stepMs - timestampMs;
      const behind = Math.round(behindMs / this.stepMs);
      const framesBehind = behind * this.framesOf(1);
      const isGone = framesBehind >= writer.head || 2 * framesBehind >= writer.slotCount;
      if (!(isGone && behind < reorderWindowFrames && isSeen(writer, behind))) return false;
      position = this.nextPosition - (behind + 1) * this.newestSamples;
    }
    if (!Number.isFinite(position)) return false;
    placement.flags = frameFlag.duplicate;
    placement.positionSamples = position;
    return true;
  }

  private advance(steps: number, timestampMs: number, position: number): void {
    this.placement.positionSamples = position;
    this.grid.gridMs += this.durationMs;
    advance(this.writer, steps, timestampMs, position, this.pcm.length);
  }

  private get stepMs(): number {
    return this.newestSamples * this.msPerSample;
  }

  private get durationMs(): number {
    return samplesOf(this.pcm.length) * this.msPerSample;
  }

  /** Whether the packet before it was the newest. */
  private get follows(): boolean {
    return this.writer.referenceTimestampMs === this.writer.newestTimestampMs;
  }

  /** Since the last packet arrived. */
  private get sinceLastMs(): number {
    return this.arrivalMs - this.writer.referenceArrivalMs;
  }

  private framesOf(steps: number): number {
    return Math.max(1, Math.round((steps * this.stepMs) / frameDurationMs));
  }
}
