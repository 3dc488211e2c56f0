// The letters of the pictures: family, weight, file.
export const FACES = [
  ["IBM Plex Sans", 400, "plex-sans-400"],
  ["IBM Plex Sans", 600, "plex-sans-600"],
  ["IBM Plex Mono", 400, "plex-mono-400"],
  ["IBM Plex Mono", 600, "plex-mono-600"],
];
