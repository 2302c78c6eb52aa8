import type { HelpTopic } from "./options.ts";

const generalHelp = `netdevice: runs device scripts in a QuickJS sandbox that can open WebSockets and fetch

Usage
  netdevice run <script>                 run a script; - reads it from standard input
  netdevice replay <recording> <script>  run a script against a recording of a session
  netdevice test [files]                 run script tests against simulated devices
  netdevice simulate <device>            serve a simulated device on a port
  netdevice run --help                   all options of a command
  netdevice --help                       this text
  netdevice --version                    the version

Examples
  netdevice run lamp.js --allow ws://lamp.local --record session.har
  netdevice replay session.har lamp.js
  netdevice test tests
  netdevice simulate netzer --port 8080
`;

const runHelp = `Usage: netdevice run <script | folder> [options] [-- value...]

Runs a script in a sandbox and ends when no socket, timer or job is left.
.js and .ts are classic scripts, .mjs and .mts modules; - reads JavaScript from standard input.
A script imports files below its own folder. Nothing on the network is reachable unless allowed.
A script that imports a package (import mqtt from "mqtt"), or a folder with a package.json, is
bundled first, which needs esbuild beside netdevice: npm install esbuild.

Network
  --allow ORIGIN            allow connections to an origin; repeatable
                            ws://lamp.local  wss://*.example.com:8443  ws://192.168.0.0/16:*
                            wss://*@hub.local also lets the script put a password into the URL
                            http:// and https:// origins are for fetch, ws:// and wss:// for WebSockets
  --allow-all-loopback      allow every port of localhost, 127.0.0.0/8 and [::1]
  --allow-private-networks  let the names of --allow resolve to addresses of private networks
  --policy FILE             allow what a JSON policy file says
  --base-url URL            base of relative URLs in the script
  --ca FILE                 PEM certificates to trust in place of the built-in ones

Script
  --arg VALUE               add a value to NetworkDevice.args; repeatable
  --type script|module      how the script is parsed
  --delivery auto|update    run callbacks as events arrive, or only in NetworkDevice.update()
  --globals LIST            groups of globals, separated by commas: WebSocket, timers, console,
                            url, encoding, crypto, performance, structuredClone, worker,
                            fetch, turbulenz;
                            default: all but turbulenz; turbulenz alone: all of them; none

Limits
  --timeout TIME            end the script after 500ms, 10s, 2m; a plain number is milliseconds
  --memory SIZE             memory of the script, for example 64MB
  --strict                  tight limits, for scripts you do not trust
  --optimize                run JSON and text faster, for 40 MB more memory of the process
  --isolation worker|none   a thread of its own, or this one (only for scripts you trust)

Output
  --trace                   print every message sent and received
  --record FILE             write the session as an HTTP Archive (HAR), for developer tools and replay
  --record-secrets          leave tokens and passwords in it
  -h, --help                this text

Exit codes
  0 done   1 the script failed   2 wrong usage   3 refused by the policy or stopped by a limit
  124 timed out   130 interrupted   143 terminated
`;

const replayHelp = `Usage: netdevice replay <recording> <script> [options] [-- value...]

Runs a script against a recording: what it sends is compared with what was recorded, and answered as it was.
Nothing is sent to the network, and time is virtual: an hour takes a moment.
The recording is an HTTP Archive (HAR) from --record of netdevice run, or from a browser's developer tools.

Comparison
  --match json|exact        JSON by its values (the default), or every byte
  --ignore PATH             a JSON path that may differ, such as $.time, $.lamps[*].id, $..time; repeatable

Script
  --arg VALUE               add a value to NetworkDevice.args; repeatable
  --type script|module      how the script is parsed
  --delivery auto|update    run callbacks as events arrive, or only in NetworkDevice.update()
  --globals LIST            groups of globals, as for netdevice run
  --base-url URL            base of relative URLs in the script
  --timeout TIME            end the script after that much real time

Output
  --trace                   print every message sent and received
  -h, --help                this text

Exit codes
  0 the same conversation   1 another one, with a report, or the script failed   2 wrong usage
  3 stopped by a limit   124 timed out   130 interrupted   143 terminated
`;

const testHelp = `Usage: netdevice test [files...] [options]

Runs script tests: files with test(), expect() and device(), each test in a fresh sandbox and in virtual time.
Files, folders and patterns such as "tests/**/*.test.js"; without any, all *.test.js, .mjs, .ts and .mts below.

Tests
  --filter TEXT             only tests whose name, with its groups, has the text
  --timeout TIME            real time for one test, 10s by default
  --memory SIZE             memory of a test, 16MB by default
  --arg VALUE               add a value to NetworkDevice.args; repeatable
  --globals LIST            groups of globals, as for netdevice run

Output
  --reporter spec|tap|junit for people (the default), as TAP 14, or as JUnit's XML
  -o, --output FILE         write that report to a file, and the one for people to standard output
  -h, --help                this text

Exit codes
  0 all passed   1 a test failed   2 wrong usage, or no test   130 interrupted   143 terminated
`;

const simulateHelp = `Usage: netdevice simulate <device> [options]

Serves a simulated device on a real port, prints what happens at it, and does what is typed: help lists that.
The devices are netzer, clown-hub, deconz, turbulenz-chat and echo.

Network
  --port PORT               where it listens; any that is free without it
  --host HOST               the address, 127.0.0.1 without it
  --cert FILE, --key FILE   PEM files; serves wss and https with them

netzer
  --second-connection refuse|replace
                            what a second connection meets: 503, or the first one's place

clown-hub
  --user NAME               the user name, user without it
  --password TEXT           the password, password without it
  --interval TIME           time between readings, 1s without it

deconz
  --api-key TEXT            the key that it knows, 0123456789 without it
  --websocket-port PORT     where its WebSockets are; any that is free without it

  -h, --help                this text

Exit codes
  2 wrong usage, or it cannot listen there   130 interrupted   143 terminated
`;

/** Texts of `--help`. */
export const help: Readonly<Record<HelpTopic | "general", string>> = {
  general: generalHelp,
  run: runHelp,
  replay: replayHelp,
  test: testHelp,
  simulate: simulateHelp,
};
