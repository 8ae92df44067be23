const lengthMax = 200;

/** A version as an image or a file says it, where it can be shown: it goes into terminals and D-Bus. */
export function osVersion(text: string | undefined): string | undefined {
  return text !== undefined && text !== '' && text.length <= lengthMax && !/[\p{Cc}\p{Cs}]/u.test(text)
    ? text
    : undefined;
}
