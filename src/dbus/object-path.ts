/** The service's bus name and the prefix of its interfaces. */
export const busName = 'org.boundimages1';
export const rootPath = '/org/boundimages1';
export const imagesPath = `${rootPath}/image`;
export const jobsPath = `${rootPath}/job`;

/** D-Bus Specification, "Valid Object Paths". */
export function isObjectPath(text: string): boolean {
  return text === '/' || /^(?:\/\w+)+$/.test(text);
}

export function imagePath(reference: string): string {
  return `${imagesPath}/${encodeLabel(reference)}`;
}

export function jobPath(id: bigint): string {
  return `${jobsPath}/${id}`;
}

/** The id in a job's path; undefined for any other path. */
export function jobIdOf(path: string): bigint | undefined {
  const [, digits] = /^\/org\/boundimages1\/job\/(\d{1,20})$/.exec(path) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
}

/** Bytes other than letters and digits, and a digit at the start, as `_` and two hex digits; nothing as `_`: sd_bus_path_encode(3). */
function encodeLabel(text: string): string {
  if (text === '') return '_';
  const escape = (byte: number): string => `_${byte.toString(16).padStart(2, '0')}`;
  return Array.from(Buffer.from(text), (byte, index) => {
    const character = String.fromCharCode(byte);
    return (index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/).test(character) ? character : escape(byte);
  }).join('');
}
