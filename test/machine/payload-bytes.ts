/** So much of a frame has the headers of Ethernet, IP and TCP. */
export const frameStartBytes = 64;

const [fileHeaderBytes, recordHeaderBytes, ethernetBytes] = [24, 16, 14];
const [ipv4, tcp] = [0x0800, 6];
/** 10.0.2.2, as which qemu's network speaks for our loopback. */
const gateway = 0x0a000202;

/**
 * Bytes that TCP carried from the gateway to the machine.
 * @param frames what qemu's filter-dump wrote: pcap-savefile(5), in the machine's byte order; the last record may be cut off
 */
export function payloadBytes(frames: Buffer): number {
  let total = 0;
  let at = fileHeaderBytes;
  while (at + recordHeaderBytes + frameStartBytes <= frames.length) {
    const frame = frames.subarray(at + recordHeaderBytes);
    at += recordHeaderBytes + frames.readUInt32LE(at + 8);
    const packet = frame.subarray(ethernetBytes);
    if (frame.readUInt16BE(12) !== ipv4 || packet.readUInt8(9) !== tcp) continue;
    if (packet.readUInt32BE(12) !== gateway) continue;
    const headerBytes = 4 * (packet.readUInt8(0) & 0x0f);
    total += packet.readUInt16BE(2) - headerBytes - 4 * (packet.readUInt8(headerBytes + 12) >> 4);
  }
  return total;
}
