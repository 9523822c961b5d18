/**
 * Why a server did not answer, in words that name its host and hold no secret, and whether it may do better when it is
 * asked again.
 */

export interface Failure {
  /** A clause that starts with the host: `mirror.example refuses the connection`. */
  readonly message: string;
  readonly again: boolean;
}

const TLS = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/;
const ADDRESS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']);
const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL']);
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** @param limits in milliseconds */
export function describeFailure(
  error: unknown,
  { host }: URL,
  limits: { readonly connect: number; readonly answer: number; readonly whole: number },
): Failure {
  const { code, name, message } = innermost(error);
  const seconds = (milliseconds: number) => `${milliseconds / 1000} s`;
  if (code === 'ECONNREFUSED') return { message: `${host} refuses the connection`, again: true };
  if (ADDRESS.has(code))
    return { message: `${host} is a name without an address`, again: code === 'EAI_AGAIN' };
  if (UNREACHABLE.has(code)) return { message: `${host} cannot be reached`, again: true };
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { message: `${host} takes no connection within ${seconds(limits.connect)}`, again: false };
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { message: `${host} does not answer within ${seconds(limits.answer)}`, again: false };
  }
  if (name === 'TimeoutError')
    return { message: `${host} does not answer within ${seconds(limits.whole)}`, again: false };
  if (CLOSED.has(code))
    return { message: `${host} closes the connection before it has answered`, again: true };
  if (TLS.test(code)) {
    const what = /^[A-Z_0-9]+$/.test(code) ? code : 'TLS';
    return {
      message: `${host} has no certificate that this machine trusts (${what}): add it to the system's, or name it in SSL_CERT_FILE`,
      again: false,
    };
  }
  if (/Proxy response \((\d+)\)/.test(message)) {
    const [, status] = /Proxy response \((\d+)\)/.exec(message)!;
    return { message: `the proxy for ${host} answers with status ${status}`, again: false };
  }
  if (name === 'HTTPParserError' || code.startsWith('HPE_')) {
    return { message: `${host} answers what is no HTTP`, again: true };
  }
  return { message: `${host} cannot be asked (${/^\w+$/.test(code) ? code : name})`, again: false };
}

/** What is at the bottom of errors that hold others. */
function innermost(error: unknown): {
  readonly code: string;
  readonly name: string;
  readonly message: string;
} {
  let found = error as {
    code?: unknown;
    name?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  for (let depth = 0; depth < 5; depth++) {
    const [first] = Array.isArray(found.errors) ? (found.errors as unknown[]) : [];
    const inner =
      first ?? (typeof found.code === 'string' && found.code !== 'UND_ERR_ABORTED' ? undefined : found.cause);
    if (inner === null || typeof inner !== 'object') break;
    found = inner;
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { code: text(found.code), name: text(found.name) || 'Error', message: text(found.message) };
}
