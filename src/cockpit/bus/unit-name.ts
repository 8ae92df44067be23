export const unitName = 'bound-images.service';
