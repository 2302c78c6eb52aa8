import { defineInterface } from "./interface.ts";
import { construct, defineProperty, ErrorOf, TypeErrorOf } from "./intrinsics.ts";
import { scriptStack } from "./stack.ts";
import { illegalInvocation, toDOMString } from "./webidl.ts";

/** Legacy codes by name; the constants are these names in capitals with `_ERR`. */
const codes = {
  __proto__: null,
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
} as unknown as Readonly<Record<string, number>>;

/** The constants, in the order and with the spelling of the standard; some have no name that still uses them. */
const constants: Readonly<Record<string, number>> = {
  INDEX_SIZE_ERR: 1,
  DOMSTRING_SIZE_ERR: 2,
  HIERARCHY_REQUEST_ERR: 3,
  WRONG_DOCUMENT_ERR: 4,
  INVALID_CHARACTER_ERR: 5,
  NO_DATA_ALLOWED_ERR: 6,
  NO_MODIFICATION_ALLOWED_ERR: 7,
  NOT_FOUND_ERR: 8,
  NOT_SUPPORTED_ERR: 9,
  INUSE_ATTRIBUTE_ERR: 10,
  INVALID_STATE_ERR: 11,
  SYNTAX_ERR: 12,
  INVALID_MODIFICATION_ERR: 13,
  NAMESPACE_ERR: 14,
  INVALID_ACCESS_ERR: 15,
  VALIDATION_ERR: 16,
  TYPE_MISMATCH_ERR: 17,
  SECURITY_ERR: 18,
  NETWORK_ERR: 19,
  ABORT_ERR: 20,
  URL_MISMATCH_ERR: 21,
  QUOTA_EXCEEDED_ERR: 22,
  TIMEOUT_ERR: 23,
  INVALID_NODE_TYPE_ERR: 24,
  DATA_CLONE_ERR: 25,
};

/** `Error` without the types of its properties, which are accessors here. */
const ErrorObject = ErrorOf as unknown as new () => { readonly stack?: unknown };

/**
 * What is behind the interface `DOMException`: an error of the language, so that `Error.isError` says so. Scripts see another
 * constructor, because the interface does not inherit from `Error`.
 *
 * @see https://webidl.spec.whatwg.org/#idl-DOMException
 */
export class DOMException extends ErrorObject {
  readonly #name: string;
  readonly #message: string;

  constructor(message?: unknown, name?: unknown) {
    const convertedMessage = message === undefined ? "" : toDOMString(message);
    const convertedName = name === undefined ? "Error" : toDOMString(name);
    super();
    this.#message = convertedMessage;
    this.#name = convertedName;
    defineProperty(this, "stack", {
      __proto__: null,
      value: scriptStack(this.stack),
      writable: true,
      enumerable: false,
      configurable: true,
    } as PropertyDescriptor);
  }

  get name(): string {
    if (!(#name in this)) illegalInvocation();
    return this.#name;
  }

  get message(): string {
    if (!(#name in this)) illegalInvocation();
    return this.#message;
  }

  get code(): number {
    if (!(#name in this)) illegalInvocation();
    return codes[this.#name] ?? 0;
  }
}

/** Installs `DOMException`, whose prototype inherits from `Error.prototype` though the interface is no subclass of `Error`. */
export function installDOMException(global: object): void {
  const shell = function (message: unknown, name: unknown): object {
    if (new.target === undefined) {
      throw new TypeErrorOf("DOMException: the constructor requires new");
    }
    return construct(DOMException, [message, name], new.target) as object;
  } as unknown as typeof DOMException;
  const { prototype } = DOMException;
  defineProperty(shell, "prototype", { value: prototype, writable: false });
  defineProperty(prototype, "constructor", { value: shell });
  defineInterface(global, shell, { name: "DOMException", constants });
}
