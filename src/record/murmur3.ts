/** murmur3_x86_32, seed 0, as bucket transforms use it (spec Appendix B; checklist 3.4). */

/** Signed 32-bit hash. */
export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < blocks; at += 4) {
    hash ^= mix(view.getInt32(at, true));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe654_6b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= blocks; at -= 1) tail = (tail << 8) | (bytes[at] ?? 0);
  if (bytes.length > blocks) hash ^= mix(tail);
  return finish(hash ^ bytes.length);
}

function mix(block: number): number {
  const scrambled = Math.imul(block, 0xcc9e_2d51);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
}

function finish(hash: number): number {
  let out = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  out = Math.imul(out ^ (out >>> 13), 0xc2b2_ae35);
  return out ^ (out >>> 16);
}
