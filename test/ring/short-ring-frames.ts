/** How many frames a ring takes where `short-rings.ts` is loaded. Apart, because importing that one does it. */
export const shortRingFrames = 100;
