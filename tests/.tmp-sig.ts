import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { readdirSync, mkdirSync, writeFileSync, cpSync, rmSync } from 'node:fs';
import { planComponent } from '../host/component/plan-component.ts';
import { signatureText } from '../host/component/signature-text.ts';
const all={};
for (const v of ['0.2.12']) {
const W='/work/main/node_modules/@bytecodealliance/jco/lib/wit/builtin/'+v;
rmSync('/tmp/ne/wit',{recursive:true,force:true}); mkdirSync('/tmp/ne/wit/deps',{recursive:true});
for (const d of readdirSync(W)) cpSync(`${W}/${d}`,`/tmp/ne/wit/deps/${d}`,{recursive:true});
writeFileSync('/tmp/ne/wit/w.wit', `package a:b;
world w { include wasi:cli/imports@${v}; include wasi:http/imports@${v}; import wasi:clocks/timezone@${v}; }`);
const core = await componentEmbed({ dummy: true, witPath: '/tmp/ne/wit', world: 'w', features: {tag:'all'} });
const comp = await componentNew(core, []);
const { plan } = planComponent(comp);
const t={}; for (const i of plan.imports) (t[i.interface.replace(/@.*/,'')]??={})[i.name]=signatureText(i.type,plan.resources);
all[v]=t; console.log(v, plan.imports.length, JSON.stringify(t).length, Math.max(...Object.values(t).flatMap(x=>Object.values(x)).map(s=>s.length)));
}
console.log(JSON.stringify(all['0.2.12'])===JSON.stringify(all['0.2.12']));
console.log(JSON.stringify(all['0.2.12'],null,1).slice(0,3000));
const {wasiInterfaces}=await import('../host/wasi/interfaces.ts');
for (const h of wasiInterfaces) { const w=all['0.2.12'][h.name]; if(!w) console.log('no sig iface',h.name, Object.keys(h.functions), Object.keys(h.resources)); else for (const f of Object.keys(h.functions)) if(!w[f]) console.log('no sig', h.name, f); }
