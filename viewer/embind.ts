// The Basis transcoder without `new Function`, so that the page's policy needs no 'unsafe-eval'.
//
// Its glue (Emscripten's embind) writes a JavaScript function for every bound one as text and compiles it. The same calls are
// made here by closures; Emscripten has this as -sDYNAMIC_EXECUTION=0, which the file that three.js ships was not built with.
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const SWAPS: [from: string, to: string][] = [
  [
    "args.push(invokerFnBody);var invokerFn=newFunc(Function,args)(...closureArgs);",
    `var invokerFn=function(...given){
      if(given.length!==argCount-2)throwBindingError("function "+humanName+" called with "+given.length+" arguments, expected "+(argCount-2));
      var stack=needsDestructorStack?[]:null;
      var wired=isClassMethodFunc?[argTypes[1].toWireType(stack,this)]:[];
      for(var k=2;k<argCount;++k)wired.push(argTypes[k].toWireType(stack,given[k-2]));
      var result=cppInvokerFunc(cppTargetFunc,...wired);
      if(stack)runDestructors(stack);
      else for(var first=isClassMethodFunc?1:2,k=first;k<argCount;++k)
        if(argTypes[k].destructorFunction!==null)argTypes[k].destructorFunction(wired[k-first]);
      if(returns)return argTypes[0].fromWireType(result);
    };`,
  ],
  [
    "params.push(functionBody);var invokerFunction=newFunc(Function,params)(...args);",
    `var invokerFunction=function(obj,func,destructorsRef,at){
      var given=[];
      for(var k=0;k<argCount;++k){given.push(types[k].readValueFromPointer(at));at+=types[k].argPackAdvance}
      var result=kind===1?new func(...given):kind===0?func.call(obj,...given):func.call(...given);
      if(!retType.isVoid)return emval_returnValue(retType,destructorsRef,result);
    };`,
  ],
];

const URL_IN_LOADER = "new URL( '../libs/basis/basis_transcoder.js', import.meta.url ).toString()";

export function withoutEval(): Plugin {
  return {
    name: "embind-without-eval",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      const folder = id.match(/^(.*\/three\/examples\/jsm\/)loaders\/KTX2Loader\.js$/)?.[1];
      if (folder === undefined) return null;
      let text = readFileSync(`${folder}libs/basis/basis_transcoder.js`, "utf8");
      for (const [from, to] of SWAPS) text = swap(text, from, to.replace(/\n\s*/g, ""));
      const file = this.emitFile({ type: "asset", name: "basis_transcoder.js", source: text });
      return { code: swap(code, URL_IN_LOADER, `import.meta.ROLLUP_FILE_URL_${file}`), map: null };
    },
  };
}

/** Fails where another version of three.js reads otherwise: then this file has to be looked at again. */
function swap(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`expected this once: ${from}`);
  return text.replace(from, () => to);
}
