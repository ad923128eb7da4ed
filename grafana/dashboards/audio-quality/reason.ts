/** Matchers of `messages_dropped_total`: reasons that are our doing; the others are the sender's. */
export const ours = 'reason=~"lane_full|worker_lost|ring_memory"';
export const theirs = 'reason!~"lane_full|worker_lost|ring_memory"';
