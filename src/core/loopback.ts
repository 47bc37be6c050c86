/** Which addresses and host names are this machine. */

/** `127.0.0.1`, `::1`, `::ffff:127.0.0.1`, `localhost`; brackets around an IPv6 address are taken off. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}
