// Khronos glTF-Validator over files:  node validate.mjs a.glb [b.glb ...]
// One JSON line a file; exit 1 when any has an error or a warning.
import fs from "node:fs";
import path from "node:path";
import validator from "gltf-validator";

let bad = false;
for (const file of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), {
    uri: path.basename(file),
    maxIssues: 100,
  });
  const { numErrors, numWarnings, numInfos, numHints, messages } = report.issues;
  bad ||= numErrors > 0 || numWarnings > 0;
  const issues = messages.map(({ code, severity, pointer, message }) => ({ code, severity, pointer, message }));
  console.log(
    JSON.stringify({
      file,
      errors: numErrors,
      warnings: numWarnings,
      infos: numInfos,
      hints: numHints,
      triangles: report.info?.totalTriangleCount,
      drawCalls: report.info?.drawCallCount,
      materials: report.info?.materialCount,
      extensionsUsed: report.info?.extensionsUsed ?? [],
      issues,
    }),
  );
}
process.exit(bad ? 1 : 0);
