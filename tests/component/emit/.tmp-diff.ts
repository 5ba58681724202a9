import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { $init, generate } from '@bytecodealliance/jco-transpile/component';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planComponent } from '../../../host/component/plan-component.ts';
import { glueFromModule, compileGlue } from '../../../host/engine/jco/glue.ts';
import { signatureOf } from '../../../host/component/emit/signature.ts';
import { TypeTable } from '../../../host/component/emit/layout.ts';
import { ALLOCATOR, func, instantiatePlan } from './test-component.ts';
import { valueOf, valueType } from './arbitrary-values.ts';
await $init;
function wat(type, encoding) {
  let defs=''; let alias=''; let n=0; const seen=new Map();
  const inner = (t) => { // returns reference text inside the instance type
    const key=JSON.stringify(t); if (seen.has(key)) return seen.get(key);
    let body, named=false;
    switch(t.kind){
      case 'list': body=`(list ${inner(t.element)})`; break;
      case 'option': body=`(option ${inner(t.some)})`; break;
      case 'result': body=`(result ${t.ok?inner(t.ok):''} ${t.err?`(error ${inner(t.err)})`:''})`; break;
      case 'tuple': body=`(tuple ${t.items.map(inner).join(' ')})`; break;
      case 'record': body=`(record ${t.fields.map(f=>`(field "${f.name}" ${inner(f.type)})`).join(' ')})`; named=true; break;
      case 'variant': body=`(variant ${t.cases.map(f=>`(case "${f.name}" ${f.type?inner(f.type):''})`).join(' ')})`; named=true; break;
      case 'enum': body=`(enum ${t.names.map(x=>`"${x}"`).join(' ')})`; named=true; break;
      case 'flags': body=`(flags ${t.names.map(x=>`"${x}"`).join(' ')})`; named=true; break;
      default: return t.kind;
    }
    const k=n++; defs+=`(type $x${k} ${body})\n`; let ref=`$x${k}`;
    if (named) { defs+=`(export "t${k}" (type $t${k} (eq $x${k})))\n`; alias+=`(alias export $i "t${k}" (type $t${k}))\n`; ref=`$t${k}`; }
    seen.set(key,ref); return ref; };
  const T=inner(type);
  // outside: redefine unnamed
  let out=''; const o=new Map(); 
  for (const line of defs.split('\n')) { const m=/^\(type \$x(\d+) \((record|variant|enum|flags)/.exec(line); if (m) continue; if (line.startsWith('(type')) out+=line+'\n'; }
  // order: alias lines must precede uses; named aliases only depend on instance
  const s=signatureOf(func([type],type), new TypeTable(()=>false));
  const P=s.parameterTuple===undefined?s.flatParameters:['i32']; const R=s.result.flat[0];
  const list=P.join(' ');
  return { s, text:`(component
 (import "t:t/i" (instance $i ${defs} (export "f" (func (param "v" ${T}) (result ${T})))))
 ${alias} ${out}
 (core module $memm ${ALLOCATOR})
 (core instance $mem (instantiate $memm))
 (core func $f (canon lower (func $i "f") (memory (core memory $mem "memory")) (realloc (core func $mem "realloc")) string-encoding=${encoding}))
 (core module $mm (import "host" "f" (func $f (param ${list} ${s.resultInMemory?'i32':''}) ${s.resultInMemory?'':`(result ${R})`}))
   (func (export "g") (param ${list}) (result ${s.resultInMemory?'i32':R}) ${P.map((_,k)=>`(local.get ${k})`).join(' ')} ${s.resultInMemory?'(i32.const 1024)':''} (call $f) ${s.resultInMemory?'(i32.const 1024)':''}))
 (core instance $m (instantiate $mm (with "host" (instance (export "f" (func $f))))))
 (func $g (param "v" ${T}) (result ${T}) (canon lift (core func $m "g") (memory (core memory $mem "memory")) (realloc (core func $mem "realloc")) string-encoding=${encoding}))
 (export "g" (func $g)))` };
}
const R=(type,call)=>{ if(type.kind!=='result') return call(); try { return {tag:'ok',val:call()} } catch(e){ if (e && e.payload!==undefined || e?.constructor?.name==='ComponentError' || 'payload' in Object(e)) return {tag:'err',val:e.payload}; throw e; } };
function unwrap(type,v){ if(type.kind!=='result') return v; if(v.tag==='ok') return v.val; throw Object.assign(new Error('err'),{payload:v.val}); }
let runs=0, diffs=0, skipped=0;
await fc.assert(fc.asyncProperty(valueType.chain(type=>fc.record({type:fc.constant(type), values:fc.array(valueOf(type),{minLength:1,maxLength:5}), encoding: fc.constantFrom('utf8','utf16')})), async ({type,values,encoding})=>{
  const {text}=wat(type, encoding); let bytes; try { bytes=await parse(text);} catch(e){ console.log(String(e.message??e).slice(0,300)); throw e; }
  const planned=planComponent(bytes); if(planned.unsupported){ console.log('unsupported',planned.unsupported); return; }
  const mods=planned.plan.modules.map(m=>new WebAssembly.Module(bytes.subarray(m.offset,m.offset+m.bytes)));
  let given; const inst=instantiatePlan(planned.plan, mods, [{name:'f',type:planned.plan.imports[0].type,call:(_g,v)=>{given=v; return unwrap(type,v);}}]);
  let files; try { ({files}=generate(bytes,{name:'component',map:[],instantiation:{tag:'async'},noTypescript:true,noNodejsCompat:true,base64Cutoff:0,multiMemory:true})); } catch(e){ skipped++; return; }
  const src=new TextDecoder().decode(files.find(([n])=>n.endsWith('.js'))[1]);
  const inst2=compileGlue(glueFromModule(src),'x.js')(WebAssembly); let given2;
  const cores=new Map(files.filter(([n])=>n.endsWith('.wasm')).map(([n,b])=>[n,new WebAssembly.Module(b)]));
  const ex=await inst2(n=>cores.get(n), {'t:t/i':{f:(v)=>{given2=v; return unwrap(type,v);}}}, (m,i)=>new WebAssembly.Instance(m,i));

  for (const v of values) { runs++;
    const a=R(type,()=>inst.exports[0](v)); const ga=given;
    let b; try { b=R(type,()=>ex.g(v)); } catch(e){ b=e; }
    try { deepStrictEqual(b,a); deepStrictEqual(given2,ga); } catch(e){ diffs++; if (diffs<8) console.log('DIFF', JSON.stringify(type), encoding, 'value',v,'native',a,'jco',b instanceof Error?b.message:b, 'given',ga,given2); }
  }
}),{numRuns:Number(process.argv[2]??100)});
console.log({runs,diffs,skipped});
