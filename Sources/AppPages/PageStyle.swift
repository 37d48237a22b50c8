// Styles: no fonts, pictures or scripts from elsewhere.

enum PageStyle {
  static let common = #"""
    *{box-sizing:border-box;margin:0;padding:0}
    :root{--ink:#1d2420;--soft:#5d6862;--line:#e2e5df;--paper:#f5f6f2;--card:#fff;--good:#17694a;--goodbg:#e6f3ec;--warn:#8a5300;--warnbg:#fdf1dc;--bad:#a61b1b;--badbg:#fdeaea}
    html{-webkit-text-size-adjust:100%}
    body{background:var(--paper);color:var(--ink);font:16px/1.6 "Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
    .wrap{max-width:1080px;margin:0 auto;padding:0 24px}
    h3{font-size:17px;margin-bottom:12px}
    h3 small{color:var(--soft);font-weight:400;font-size:13px;margin-left:6px}
    code,.code{font-family:"Noto Sans Mono CJK SC",ui-monospace,Menlo,Consolas,monospace;font-size:.94em;overflow-wrap:anywhere}
    section,footer{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin-bottom:16px}
    small{font-size:13px}
    ul,ol{list-style:none}
    .none{color:var(--soft)}
    .proof{color:var(--good);font-size:13px}
    """#

  static let trace = #"""
    .banner{color:#fff;background:var(--good);padding:26px 0}
    .held .banner{background:#a86200}.recalled .banner{background:#b3261e}.gone .banner{background:#55605b}
    .banner .wrap{display:flex;gap:20px;align-items:center}
    .mark{flex:none;width:64px;height:64px;border-radius:50%;background:#fff}
    .mark svg{width:64px;height:64px;fill:none;stroke:var(--good);stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}
    .held .mark svg{stroke:#a86200}.recalled .mark svg{stroke:#b3261e}.gone .mark svg{stroke:#55605b}
    .banner h1{font-size:30px;line-height:1.25}
    .banner p{opacity:.92}.banner .why{opacity:1;font-weight:600}
    main.wrap{padding-top:18px;padding-bottom:28px}
    .product{display:flex;justify-content:space-between;gap:24px}
    .kicker{color:var(--soft);font-size:14px}
    .product h2{font-size:28px;line-height:1.3;margin-bottom:12px;overflow-wrap:anywhere}
    .product dl{display:grid;gap:6px}
    .product dl div{display:flex;gap:14px}
    .product dt{color:var(--soft);flex:none;width:5em}
    .product dd{font-weight:600;overflow-wrap:anywhere}.product dd small{color:var(--soft);font-weight:400;margin-left:8px}
    figure{flex:none;text-align:center;color:var(--soft);font-size:13px}
    .qr{width:148px;height:148px;display:block;background:#fff}
    .tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:12px;margin-bottom:16px}
    .tiles li{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--good);border-radius:12px;padding:14px 16px}
    .tiles li.warn{border-top-color:#c97a00;background:var(--warnbg)}.tiles li.bad{border-top-color:#b3261e;background:var(--badbg)}.tiles li.plain{border-top-color:#9aa49e}
    .tiles span{display:block;color:var(--soft);font-size:14px}
    .tiles strong{display:block;font-size:20px;line-height:1.35;overflow-wrap:anywhere}
    .tiles .warn strong{color:var(--warn)}.tiles .bad strong{color:var(--bad)}
    .tiles small{color:var(--soft);display:block;line-height:1.4}
    .columns{display:grid;grid-template-columns:1.15fr 1fr;gap:16px}
    .route li{position:relative;padding:0 0 18px 28px}
    .route li:before{content:"";position:absolute;left:4px;top:8px;width:12px;height:12px;border-radius:50%;background:var(--good);z-index:1}
    .route li:after{content:"";position:absolute;left:9px;top:20px;bottom:-8px;width:2px;background:var(--line)}
    .route li:last-child{padding-bottom:0}.route li:last-child:after{display:none}
    .route .origin:before{background:#fff;border:3px solid var(--good)}
    .place{display:inline-block;margin-left:8px;padding:0 8px;border-radius:9px;background:var(--goodbg);color:var(--good);font-size:13px}
    .route p,.list p{color:var(--soft);font-size:14px}.route .proof,.list .proof{color:var(--good);font-size:13px}
    .list li{padding:10px 0;border-top:1px solid var(--line)}.list li:first-child{border-top:0;padding-top:0}.list li:last-child{padding-bottom:0}.list+.list,p+.list{margin-top:10px}
    .list .good b{color:var(--good)}.list .warn b{color:var(--warn)}.list .bad b{color:var(--bad)}
    footer{color:var(--soft);font-size:14px;margin-bottom:0}footer h3{color:var(--ink)}
    .proofs{margin:10px 0}.proofs li{padding:4px 0}.proofs b{color:var(--ink)}
    .long{overflow-wrap:anywhere}.small{font-size:13px;overflow-wrap:anywhere}
    .steps li{padding:4px 0 4px 18px;position:relative}.steps li:before{content:"•";position:absolute;left:2px;color:var(--good)}
    main section h3{margin-top:0}main section>.code{margin:8px 0 16px;padding:10px 14px;background:var(--paper);border-radius:8px}
    @media(max-width:760px){
    .wrap{padding:0 14px}main.wrap{padding-top:14px}.banner{padding:18px 0}.banner .wrap{gap:14px}.banner h1{font-size:23px}.mark,.mark svg{width:52px;height:52px}
    .product{padding:18px 16px}.product h2{font-size:22px}.qr{width:92px;height:92px}.product dl div{display:block}.product dt{font-size:13px}
    .tiles{grid-template-columns:1fr 1fr;gap:8px}.tiles li{padding:10px 12px}.tiles strong{font-size:17px}.tiles li:last-child{grid-column:1/-1}
    .columns{display:block}section,footer{padding:18px 16px;margin-bottom:12px}
    }
    @media print{.banner{color:#000;background:#fff;border-bottom:3px solid #000}section,footer{break-inside:avoid}}
    """#

  static let report = #"""
    body{background:#fff}
    .sheet{max-width:820px;margin:0 auto;padding:40px 28px}
    h1{font-size:30px;text-align:center;letter-spacing:.12em;margin-bottom:6px}
    .sub{text-align:center;color:var(--soft);margin-bottom:24px}
    .conclusion{border:2px solid var(--good);background:var(--goodbg);border-radius:14px;padding:18px 22px;margin-bottom:20px}
    .conclusion b{display:block;font-size:20px;line-height:1.5}
    .conclusion p{margin-top:6px;color:var(--ink)}
    .missing{border:1px solid #e3c48d;background:var(--warnbg);border-radius:14px;padding:14px 22px;margin-bottom:20px}
    table{width:100%;border-collapse:collapse;margin-bottom:8px}
    th,td{text-align:left;vertical-align:top;padding:9px 10px;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
    th{width:10.5em;color:var(--soft);font-weight:400}
    td{font-variant-numeric:tabular-nums}
    .checks td:first-child{width:3em;color:var(--good);font-weight:700}.checks td:nth-child(2){width:11em}
    .articles td:first-child{width:7.5em;font-weight:700}
    h2{font-size:19px;margin:26px 0 8px;padding-bottom:6px;border-bottom:2px solid var(--ink)}
    .sheet footer{border:0;padding:14px 0;color:var(--soft);font-size:14px}
    @media(max-width:760px){.sheet{padding:22px 14px}h1{font-size:23px}th{width:6.5em}th,td{padding:8px 4px}.checks td:nth-child(2){width:6.5em}.articles td:first-child{width:5.5em}.conclusion{padding:14px 16px}}
    """#
}
