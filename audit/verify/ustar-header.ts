const block = 512;

/**
 * The header that an export writes for a plain file (POSIX ustar): every byte of it follows from these three, so a header with
 * anything else in it is not an export's.
 *
 * @param mtime - seconds since the epoch
 */
export function ustarHeader(path: string, bytes: number, mtime: number): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')} `;
  header.write(path, 0, 100, 'latin1');
  // Mode, owner and group.
  header.write(`${octal(0o644, 6)}\0${octal(0, 6)}\0${octal(0, 6)}\0`, 100, 'latin1');
  if (bytes.toString(8).length <= 11) header.write(octal(bytes, 11), 124, 'latin1');
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  header.write(octal(mtime, 11), 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${octal(0, 6)}\0${octal(0, 6)}\0`, 329, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 8 * 32);
  header.write(octal(sum, 6), 148, 'latin1');
  return header;
}
