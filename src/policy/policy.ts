/**
 * Decides which connections may be made: rules in plain data, evaluated where the sandbox runs, or a function, asked once per
 * connection on the embedder's thread. Nothing is reachable without an explicit grant.
 */
export type NetworkPolicy = PolicyRules | PolicyFunction;

/** Decides on one connection attempt before anything is sent. */
export type PolicyFunction = (request: ConnectionRequest) => Verdict | Promise<Verdict>;

/** A connection that a script asks for: a WebSocket, or one request of a `fetch`, each of its redirects included. */
export interface ConnectionRequest {
  /** Parsed by the WHATWG steps: scheme `ws` or `wss`, or `http` or `https` for a `fetch`; no fragment, no credentials. */
  readonly url: URL;
  /** Subprotocols; none for a `fetch`. */
  readonly protocols: readonly string[];
  /** Whether the script put a user name or password into the URL. */
  readonly hasUrlCredentials: boolean;
  /** Aborted when the script or the sandbox no longer wants the connection. */
  readonly signal: AbortSignal;
}

/** Answer of a policy. */
export type Verdict =
  | {
      readonly allow: true;
      /** @defaultValue public unicast addresses only */
      readonly addresses?: AddressRules;
      readonly connect?: ConnectOptions;
      /** Whether user name and password of the URL may be sent. @defaultValue false */
      readonly urlCredentials?: boolean;
    }
  | { readonly allow: false; readonly reason: string };

/** Plain data made by {@link allowOrigins}. Deny beats allow. */
export interface PolicyRules {
  readonly allow: readonly Grant[];
  /** Patterns that are never reachable, in the grammar of {@link Grant.origin}. */
  readonly deny?: readonly string[];
}

/** Permission to connect to the origins that one pattern names. */
export interface Grant {
  /**
   * `scheme://host[:port]`, where scheme is `ws` or `wss`, or for `fetch` `http` or `https`; host is a name, a name with `*` in place of whole labels, an address,
   * or a CIDR block such as `192.168.0.0/16` or `[fd00::/8]`; port is a number, `*` for any, or absent for the scheme's own.
   * `*` as the first label stands for one or more labels, elsewhere for exactly one, and alone for every host. Of several grants
   * that cover an origin the one that says most about host and port decides. `scheme://*@host` also lets the script put
   * credentials into the URL.
   */
  readonly origin: string;
  /** Which addresses a name may resolve to. @defaultValue public unicast addresses; see `docs/policy.md` for names of local networks */
  readonly addresses?: AddressRules;
  readonly connect?: ConnectOptions;
}

/** Which addresses a host may have. Plain data. */
export interface AddressRules {
  /** Also allow private-use addresses: RFC 1918, shared 100.64/10, link-local, unique local. @defaultValue false */
  readonly privateNetworks?: boolean;
  /** Also allow loopback addresses. @defaultValue false */
  readonly loopback?: boolean;
  /** Addresses and CIDR blocks that are allowed whatever their class. */
  readonly allow?: readonly string[];
  /** Addresses and CIDR blocks that are refused even when allowed otherwise. */
  readonly deny?: readonly string[];
}

/** What the host adds to a connection; no script ever sees it. Plain data. */
export interface ConnectOptions {
  /** Extra request headers. Those of the WebSocket handshake and of the request's framing cannot be set. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of the `Origin` header. @defaultValue none is sent */
  readonly origin?: string;
  /** Sent as HTTP Basic authentication. */
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly tls?: TlsOptions;
  /** Offers permessage-deflate (RFC 7692) to WebSocket servers. @defaultValue false */
  readonly perMessageDeflate?: boolean;
}

/** TLS options, as those of Node's `tls.connect`; certificates are always verified. */
export interface TlsOptions {
  /** PEM certificates of authorities to trust in place of the built-in ones. */
  readonly ca?: string | readonly string[];
  /** PEM certificate chain of the client. */
  readonly cert?: string;
  /** PEM private key of the client. */
  readonly key?: string;
  readonly passphrase?: string;
  /** Name to verify and to send as SNI in place of the URL's host. */
  readonly servername?: string;
}
