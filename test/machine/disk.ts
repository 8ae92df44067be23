export interface Disk {
  readonly path: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
}
