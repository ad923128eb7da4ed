/** What a simulated fleet counts. */

export interface FleetCounts {
  arrived: number;
  /** Streams that found no gateway at least once. */
  refused: number;
  /** Closed with 1001: how often, how many different streams, and the most that one stream had to bear. */
  cuts: number;
  streamsCut: number;
  cutsOfOneMost: number;
  /** The longest that a stream was without a gateway. */
  waitedMostSeconds: number;
  /** Processes that were there at the same time, in any state. */
  gatewaysMost: number;
  gatewaySeconds: number;
}

export function noCounts(): FleetCounts {
  return {
    arrived: 0,
    refused: 0,
    cuts: 0,
    streamsCut: 0,
    cutsOfOneMost: 0,
    waitedMostSeconds: 0,
    gatewaysMost: 0,
    gatewaySeconds: 0,
  };
}
