export { altText } from './alt-text/alt-text.js';
export { feedback } from './feedback/feedback.js';
export { imageQa } from './image-qa/image-qa.js';
export { triage } from './triage/triage.js';
export { tutor } from './tutor/tutor.js';
