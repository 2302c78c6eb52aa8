/** Text of `netdevice --help`. */
export const generalHelp = `netdevice: runs device scripts in a QuickJS sandbox that can open WebSockets

Usage
  netdevice run <script> [options]   run a script; - reads it from standard input
  netdevice run --help               all options
  netdevice --help                   this text
  netdevice --version                the version

Example
  netdevice run lamp.js --allow ws://lamp.local
`;

/** Text of `netdevice run --help`. */
export const runHelp = `Usage: netdevice run <script> [options] [-- value...]

Runs a script in a sandbox and ends when no socket, timer or job is left.
.js and .ts are classic scripts, .mjs and .mts modules; - reads JavaScript from standard input.
A script imports files below its own folder. Nothing on the network is reachable unless allowed.

Network
  --allow ORIGIN            allow connections to an origin; repeatable
                            ws://lamp.local  wss://*.example.com:8443  ws://192.168.0.0/16:*
                            wss://*@hub.local also lets the script put a password into the URL
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
                            turbulenz;
                            default: all but turbulenz; turbulenz alone: all of them; none

Limits
  --timeout TIME            end the script after 500ms, 10s, 2m; a plain number is milliseconds
  --memory SIZE             memory of the script, for example 64MB
  --strict                  tight limits, for scripts you do not trust
  --optimize                run JSON and text faster, for 40 MB more memory of the process
  --isolation worker|none   a thread of its own, or this one (only for scripts you trust)

Output
  --trace                   print every message sent and received
  -h, --help                this text

Exit codes
  0 done   1 the script failed   2 wrong usage   3 refused by the policy or stopped by a limit
  124 timed out   130 interrupted   143 terminated
`;
