import type { Host, Image, Job, JobRecord } from './host.ts';
import { list, number, properties, type Properties, text, texts } from './values.ts';

/** Reads the properties of org.boundimages1.Manager. */
export function readHost(from: Properties): Host {
  const [verdict = '', reason = ''] = texts(from['NextBoot']);
  const [path = '', mode = ''] = texts(from['Store']);
  const details = list(from['DeploymentDetails']).map(properties);
  const space = properties(from['Space']);
  const [untilUs, waitReason] = list(from['Postponed']);
  return {
    state: text(from['State']),
    nextBoot: { verdict, reason },
    deployments: list(from['Deployments'])
      .map(texts)
      .map(([slot = '', osImage = '', digest = '', state = ''], index) => ({
        slot,
        osImage,
        digest,
        version: text(details[index]?.['version']),
        state,
        storageBytes: number(details[index]?.['bytes']),
        ownBytes: number(details[index]?.['own-bytes']),
      })),
    problems: list(from['Problems'])
      .map(texts)
      .map(([slot = '', file = '', code = '', problem = '']) => ({ slot, file, code, text: problem })),
    postponed: { untilUs: number(untilUs), reason: text(waitReason) },
    store: { path, mode },
    storageBytes: number(from['StorageBytes']),
    space: {
      sharedBytes: number(space['shared-bytes']),
      unboundBytes: number(space['unbound-bytes']),
      freeBytes: number(space['free-bytes'], -1),
    },
  };
}

/** Reads the properties of org.boundimages1.Image. */
export function readImage(from: Properties): Image {
  return {
    reference: text(from['Reference']),
    state: text(from['State']),
    digest: text(from['Digest']),
    expectedDigest: text(from['ExpectedDigest']),
    boundBy: list(from['BoundBy'])
      .map(texts)
      .map(([slot = '', file = '']) => ({ slot, file })),
    sizeBytes: number(from['SizeBytes']),
    bytesToFetch: number(from['BytesToFetch'], -1),
    signaturePolicy: text(from['SignaturePolicy']),
    lastPulledUs: number(from['LastPulled']),
    lastVerifiedUs: number(from['LastVerified']),
    lastError: text(list(from['LastError'])[1]),
  };
}

/** Reads the properties of org.boundimages1.Job. */
export function readJob(path: string, from: Properties): Job {
  const result = properties(from['Result']);
  return {
    path,
    operation: text(from['Operation']),
    images: texts(from['Images']),
    state: text(from['State']),
    progress: number(from['Progress'], -1),
    bytesDone: number(from['BytesDone']),
    bytesTotal: number(from['BytesTotal']),
    bytesPerSecond: number(from['BytesPerSecond']),
    currentImage: text(from['CurrentImage']),
    cancelable: from['Cancelable'] === true,
    startTimeUs: number(from['StartTime']),
    endTimeUs: number(from['EndTime']),
    error: text(list(from['Error'])[1]),
    result: {
      freedBytes: number(result['freed-bytes']),
      images: texts(result['images']),
      damaged: texts(result['damaged']),
    },
  };
}

/** Reads one of what GetHistory gives. */
export function readRecord(from: Properties): JobRecord {
  return {
    id: number(from['id']),
    operation: text(from['operation']),
    result: text(from['result']),
    startTimeUs: number(from['start-time']),
    endTimeUs: number(from['end-time']),
    fetchedBytes: number(from['fetched-bytes']),
    freedBytes: number(from['freed-bytes']),
    images: texts(from['images']),
    imagesTotal: number(from['images-total']),
    damagedTotal: number(from['damaged-total']),
    error: text(list(from['error'])[1]),
  };
}
