/** What `--help` prints for the program, `serve` and `doctor`. Knows the settings only, so that it works where parts are missing. */
import { describeServeSettings } from '../config/setting-groups.ts';

export const programUsage = `Usage: acs-audio-gateway [command] [flags]

  serve      run the gateway (the default)
  simulate   play ACS calls against a gateway, or any other ACS audio server
  capture    inspect a file of serve --capture, or redact it
  recording  make one file of a call, of its participants' recordings
  doctor     check this machine and this configuration

  --help     on every command, also -h
  --version  also -v
`;

export const serveUsage = `Usage: acs-audio-gateway [serve] [flags]

Runs the gateway: ACS streams in, frames in shared rings, audio to sinks.

${describeServeSettings()}
  --config FILE                       a JSON file with the same settings, as in {"ringSeconds": 4}

Every flag is also an environment variable (ACS_GATEWAY_RING_SECONDS) and a key of the file (ringSeconds).
The command line counts more than the environment, the environment more than the file.

Examples:
  acs-audio-gateway --sink wav:./recordings
  acs-audio-gateway --host 0.0.0.0 --auth jwt --jwt-audience RESOURCE-ID --sink 'wav:/data/calls?call=stereo&keep=30d'
  acs-audio-gateway --playback on --sink nats://127.0.0.1:4222 --label-query tenant --log-format json
`;

export const doctorUsage = `Usage: acs-audio-gateway doctor [flags]

Checks this machine and this configuration. Exit code 1 if it finds a fault. Takes the flags of serve:

${describeServeSettings()}
  --config FILE                       a JSON file with the same settings
`;
