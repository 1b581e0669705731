// On Linux the install step of onnxruntime-node downloads CUDA libraries from outside the npm registry, and undoes
// the whole installation where it cannot. They are of no use here. npm 11 leaves the step out by `allowScripts`.
// npm 10 runs it; it begins with this call.
exports.bootstrap = () => process.exit(0);
