const POLYNOMIAL = 0x82f63b78;

/** Byte-at-a-time table of the Castagnoli polynomial, reflected. Node has no CRC32C of its own. */
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value >>> 0;
});

/** CRC32C of `data` continued from `previous`, like `zlib.crc32`. */
export function crc32c(data: Buffer, previous = 0): number {
  let value = ~previous;
  for (const byte of data) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}
