// The report for a judge. All texts of variables are escaped (`PageText`).

enum EvidenceTemplates {
  static let report = #"""
    <!doctype html>
    <html lang="zh-CN">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
    <title>{{title}}</title>
    <style>
    """# + PageStyle.common + PageStyle.report + #"""
      </style>
      </head>
      <body>
      <main class="sheet">
      <h1>{{title}}</h1>
      <p class="sub">{{chain}}　本报告由证据包自动生成，核验者重新生成后逐字比对</p>
      <div class="conclusion"><b>{{conclusion}}</b>{{#limits}}<p>{{text}}</p>{{/limits}}</div>
      <div class="missing"><b>未能证明的事项</b>　{{missing}}</div>
      <h2>证据</h2>
      <table>{{#facts}}<tr><th>{{label}}</th><td>{{text}}</td></tr>{{/facts}}</table>
      <h2>对照《人民法院在线诉讼规则》</h2>
      <table class="articles">{{#articles}}<tr><td>{{name}}</td><th>{{asks}}</th><td>{{here}}</td></tr>{{/articles}}</table>
      <h2>核验过程</h2>
      <table class="checks">{{#checks}}<tr><td>✓</td><td>{{label}}</td><td lang="en">{{text}}</td></tr>{{/checks}}</table>
      <footer>
      <p>手工核对：用 <code>openssl dgst -sm3 文件</code>（或 <code>-sha256</code>）算出的摘要，应与上面的摘要相同（加盐的先接上盐值）。</p>
      <p>报告不对案件事实作判断，也不代替鉴定意见。</p>
      </footer>
      </main>
      </body>
      </html>

      """#
}
