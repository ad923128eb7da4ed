/**
 * The public API for the tests of a server that takes ACS audio, whatever it is made of: `acs-audio-gateway/testing`. Invariant: it
 * needs neither uWebSockets.js nor any other native part.
 */

export { GatewayError } from './base/errors.ts';
export type { SampleRate } from './base/limits.ts';
export { decodeWav, type WavAudio } from './base/wav.ts';
export type { Finding, Verdict } from './conformance/finding.ts';
export type { CheckReport, ScenarioResult } from './conformance/report.ts';
export { type CheckHooks, type CheckOptions, checkServer } from './conformance/runner.ts';
export type { Scenario } from './conformance/scenario.ts';
export { scenarios } from './conformance/scenarios/all.ts';
export type { Timing } from './conformance/timing.ts';
export { type AudioSource, fileAudio } from './simulator/audio.ts';
export type { EchoReport } from './simulator/echo-test.ts';
export type { FrameCounts } from './simulator/expectation.ts';
export type { HeardReport, HeardSummary } from './simulator/heard-counts.ts';
export type { InterruptionReport } from './simulator/interrupter.ts';
export type { SimulateOptions } from './simulator/options.ts';
export type { Quantiles } from './simulator/quantiles.ts';
export type { CallReport, SimulationReport } from './simulator/report.ts';
export { type RunningCalls, startCalls } from './simulator/running-calls.ts';
