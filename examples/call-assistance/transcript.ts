/** What the worker tells, as lines to read, and the sums of it. Main thread. */
import { shortId } from '../audio/short-id.ts';
import type { FromWorker, Turn } from './messages.ts';

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2).padStart(6);
}

function name(participantId: string | null): string {
  return shortId(participantId).padEnd(14);
}

function span({ startMs, endMs }: Turn): string {
  return `${seconds(startMs)} to ${seconds(endMs)} s`;
}

export class Transcript {
  private readonly counts = { participants: 0, turns: 0, interruptions: 0, frames: 0, lost: 0 };

  /** The line for a message; null for what would only be noise. */
  take(message: FromWorker): string | null {
    const { counts } = this;
    switch (message.type) {
      case 'turnBegan':
        return null;
      case 'turnEnded':
        counts.turns++;
        return `${name(message.track.participantId)} spoke     ${span(message.turn)}`;
      case 'text':
        return `${name(message.track.participantId)} said      ${message.text}`;
      case 'overlap': {
        const { first, second, overlapMs, isInterruption } = message;
        if (isInterruption) counts.interruptions++;
        const what = isInterruption ? 'took over from' : 'spoke beside';
        return `${name(second.participantId)} ${what} ${shortId(first.participantId)}, ${overlapMs.toFixed(0)} ms together`;
      }
      case 'ended':
        counts.participants++;
        counts.frames += message.framesRead;
        counts.lost += message.framesLapped;
        return `${name(message.track.participantId)} ended     ${message.framesRead} frames, ${message.framesLapped} lost`;
    }
  }

  get summary(): string {
    const { participants, turns, interruptions, frames, lost } = this.counts;
    return `${participants} participants, ${turns} turns, ${interruptions} interruptions; ${frames} frames heard, ${lost} lost`;
  }
}
