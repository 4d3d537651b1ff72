// Validates resources in YAML files against the schemas of Istio and of Gateway API:
// schemas.mjs NODE_MODULES FILE…
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(path.resolve(modules, file)));
const { default: yaml } = await load("yaml/dist/index.js");

const packages = { "istio.io": "istio", "gateway.networking.k8s.io": "gateway-api" };
let checked = 0;
let failed = false;

for (const file of files) {
  for (const document of yaml.parseAllDocuments(fs.readFileSync(file, "utf8"))) {
    const resource = document.toJS();
    const [group, version] = resource.apiVersion.split("/");
    const known = Object.keys(packages).find((suffix) => group.endsWith(suffix));
    // The schemas of Envoy Gateway are not in a package.
    if (!known) continue;
    const models = await load(`@kubernetes-models/${packages[known]}/${group}/${version}/index.js`);
    const Kind = models[resource.kind] ?? models.default[resource.kind];
    try {
      new Kind(resource).validate();
      checked += 1;
    } catch (error) {
      failed = true;
      console.error(`${file}: ${resource.kind} ${resource.metadata.name}: ${error.message}`);
    }
  }
}
console.error(`${checked} resources are valid`);
process.exit(failed || checked === 0 ? 1 : 0);
