import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { isAbsent, readSmallFile } from './read-small-file.ts';

/** What containers-certs.d(5) adds for one registry: PEM texts. The key is secret. */
export interface Certificates {
  readonly authorities: readonly string[];
  readonly identities: readonly { readonly certificate: string; readonly key: string }[];
}

/** Certificates for `host[:port]`, from a quadlet's `CertDir=` where that is given. */
export type FindCertificates = (domain: string, certDir: string | undefined) => Promise<Certificates>;

const folders = ['/etc/containers/certs.d', '/etc/docker/certs.d'];

/**
 * The first of the two folders that has one for the host counts, as in c/image.
 * @returns a function that throws Failure `BadConfiguration`
 */
export function certificatesOf(hostPath: string): FindCertificates {
  return async (domain, certDir) => {
    const candidates = certDir === undefined ? folders.map((folder) => join(folder, domain)) : [certDir];
    for (const candidate of candidates) {
      const folder = join(hostPath, candidate);
      const names = await namesIn(folder);
      if (names !== undefined) return readCertificates(folder, names);
    }
    if (certDir !== undefined)
      throw new Failure('BadConfiguration', `CertDir=${certDir} is not there; make it, or mend the quadlet`);
    return { authorities: [], identities: [] };
  };
}

async function readCertificates(folder: string, names: readonly string[]): Promise<Certificates> {
  const authorities: string[] = [];
  const identities: { certificate: string; key: string }[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (name.endsWith('.crt')) {
      const text = await readSmallFile(path);
      if (text !== undefined) authorities.push(text);
    } else if (name.endsWith('.cert')) {
      const certificate = await readSmallFile(path);
      const key = await readSmallFile(path.replace(/\.cert$/, '.key'));
      if (certificate === undefined || key === undefined)
        throw new Failure(
          'BadConfiguration',
          `${path} has no .key beside it; a CA's certificate has to end in .crt`,
        );
      identities.push({ certificate, key });
    } else if (name.endsWith('.key') && !names.includes(name.replace(/\.key$/, '.cert'))) {
      throw new Failure('BadConfiguration', `${path} has no .cert beside it`);
    }
  }
  return { authorities, identities };
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new Failure('BadConfiguration', `cannot read ${folder}`, { cause: error });
  }
}
