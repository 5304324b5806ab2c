// Answers a line of JSON on stdin with a line on stdout: {"template", "bindings"} with the template
// evaluated by the reference JSONata, {"definition"} with what a parser of the States Language
// finds wrong in it.
import readline from "node:readline";
import jsonata from "jsonata";
import findings from "asl-validator";

const NOW = "2026-11-22T10:00:00.000Z";
const compiled = new Map();

function compile(expression) {
  if (!compiled.has(expression)) {
    const parsed = jsonata(expression);
    // Step Functions has $parse, and no $eval.
    parsed.registerFunction("parse", (text) => JSON.parse(text), "<s:x>");
    parsed.registerFunction("now", () => NOW, "<:s>");
    parsed.assign("eval", undefined);
    compiled.set(expression, parsed);
  }
  return compiled.get(expression);
}

async function evaluate(template, bindings) {
  if (typeof template === "string" && template.startsWith("{%") && template.endsWith("%}")) {
    const expression = template.slice(2, -2).trim();
    const value = await compile(expression).evaluate(undefined, bindings);
    if (value === undefined || typeof value === "function") {
      throw new Error(`no value: ${expression}`);
    }
    return value;
  }
  if (Array.isArray(template)) {
    return Promise.all(template.map((one) => evaluate(one, bindings)));
  }
  if (template && typeof template === "object") {
    const values = {};
    for (const [key, one] of Object.entries(template)) {
      values[key] = await evaluate(one, bindings);
    }
    return values;
  }
  return template;
}

async function answer({ template, bindings, definition }) {
  if (definition) {
    return { value: findings(definition).errors.map((one) => one.Message) };
  }
  try {
    return { value: await evaluate(template, bindings) };
  } catch (error) {
    return { problem: error.message };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
