// The consumer's pages. All texts of variables are escaped (`PageText`); attributes stand in double quotes.

enum TraceTemplates {
  static let page = #"""
    <!doctype html>
    <html lang="zh-CN">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
    <title>{{product}} · {{lot}} · 溯源</title>
    <style>
    """# + PageStyle.common + PageStyle.trace + #"""
      </style>
      </head>
      <body class="{{tone}}">
      <header class="banner" role="status">
      <div class="wrap">
      <span class="mark" aria-hidden="true"><svg viewBox="0 0 24 24"><path d="{{icon}}"/></svg></span>
      <div>
      <h1>{{verdict}}</h1>
      <p lang="en">{{verdictEnglish}}</p>
      {{#notices}}<p class="why">{{text}}</p>{{/notices}}
      </div>
      </div>
      </header>
      <main class="wrap">
      <section class="product">
      <div class="what">
      <p class="kicker">{{goods}}</p>
      <h2>{{product}}</h2>
      <dl>
      <div><dt>批号</dt><dd class="code">{{lot}}</dd></div>
      <div><dt>商品条码</dt><dd class="code">{{gtin}}</dd></div>
      <div><dt>生产者</dt><dd>{{maker}}{{#makerPlace}}<small>{{makerPlace}}</small>{{/makerPlace}}</dd></div>
      </dl>
      </div>
      <figure><svg class="qr" viewBox="0 0 {{qrSide}} {{qrSide}}" role="img" aria-label="二维码" shape-rendering="crispEdges"><path d="{{qrPath}}"/></svg>
      <figcaption>扫码再查</figcaption></figure>
      </section>
      <ul class="tiles">
      {{#tiles}}<li class="{{kind}}"><span>{{label}}</span><strong>{{value}}</strong><small>{{note}}</small></li>{{/tiles}}
      </ul>
      <div class="columns">
      <section>
      <h3>从产地到这里 <small>Route · 按上链时间</small></h3>
      <ol class="route">
      {{#stops}}<li class="{{kind}}"><b>{{title}}</b>{{#place}}<span class="place">{{place}}</span>{{/place}}
      <p>{{detail}}</p><p class="proof">✓ {{chain}} 高度 {{height}} 已核验</p></li>{{/stops}}
      </ol>
      </section>
      <div>
      <section>
      <h3>检验 <small lang="en">Inspections</small></h3>
      {{#hasInspections}}<ul class="list">
      {{#inspections}}<li class="{{kind}}"><b>{{result}}</b> {{inspector}}
      <p>{{time}}　报告摘要 <code>{{report}}</code></p><p class="proof">✓ 高度 {{height}} 已核验</p></li>{{/inspections}}
      </ul>{{/hasInspections}}{{^hasInspections}}<p class="none">链上没有检验记录。</p>{{/hasInspections}}
      </section>
      <section>
      <h3>温度 <small lang="en">Temperature</small></h3>
      {{#isCooled}}<p>{{temperatureText}}</p>
      {{#hasExcursions}}<ul class="list">
      {{#excursions}}<li class="warn"><b>{{title}}</b><p>{{detail}}</p><p class="proof">✓ 高度 {{height}} 已核验</p></li>{{/excursions}}
      </ul>{{/hasExcursions}}{{/isCooled}}{{^isCooled}}<p class="none">这类商品不要求冷链。</p>{{/isCooled}}
      </section>
      <section>
      <h3>召回与查封 <small lang="en">Recalls</small></h3>
      {{#hasBlocks}}<ul class="list">
      {{#blocks}}<li class="{{kind}}"><b>{{title}}</b><p>{{detail}}</p><p class="proof">✓ 高度 {{height}} 已核验</p></li>{{/blocks}}
      </ul>{{/hasBlocks}}{{^hasBlocks}}<p class="none">截至核验时，链上没有生效的召回或查封。</p>{{/hasBlocks}}
      </section>
      </div>
      </div>
      <footer>
      <h3>怎样核验 <small lang="en">How it was verified</small></h3>
      <p>页面上带 ✓ 的内容，均由链上记录的状态证明逐条核对，并由下列验证节点签名。“核验”说明链上确有此记录且未被改动；记录本身由填报单位负责。</p>
      <ul class="proofs">
      {{#proofs}}<li><code>{{chain}}</code> 高度 <b>{{height}}</b>　{{time}}　{{members}} 个验证节点中 {{signers}} 个签名　<code class="long">区块 {{block}}</code></li>{{/proofs}}
      </ul>
      <p class="small">{{link}}</p>
      </footer>
      </main>
      </body>
      </html>

      """#

  static let unknown = #"""
    <!doctype html>
    <html lang="zh-CN">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
    <title>{{title}}</title>
    <style>
    """# + PageStyle.common + PageStyle.trace + #"""
      </style>
      </head>
      <body class="gone">
      <header class="banner" role="status">
      <div class="wrap">
      <span class="mark" aria-hidden="true"><svg viewBox="0 0 24 24"><path d="M12 6v8M12 17.5v.5"/></svg></span>
      <div><h1>{{title}}</h1><p lang="en">{{titleEnglish}}</p></div>
      </div>
      </header>
      <main class="wrap">
      <section>
      <p>{{why}}</p>
      {{#hasCode}}<p class="code long">{{code}}</p>{{/hasCode}}
      <h3>可以这样做</h3>
      <ul class="steps">{{#steps}}<li>{{text}}</li>{{/steps}}</ul>
      </section>
      </main>
      </body>
      </html>

      """#
}
