# about: qpdf, pdftk-free PDF tools, groff's PDF, unrtf, catdoc, html2text, w3m, lynx -dump
# equal: amd64 i386
# packages: qpdf groff ghostscript html2text w3m lynx antiword unrtf poppler-utils
# seconds: 300
printf '.TL\nTitle\n.PP\nSome text.\n' | groff -ms -Tpdf >a.pdf 2>/dev/null || printf '.TL\nTitle\n.PP\nSome text.\n' | groff -ms -Tps | ps2pdf - a.pdf; qpdf --check a.pdf | tail -n 1; qpdf --encrypt u o 256 -- a.pdf e.pdf; qpdf --requires-password e.pdf && echo needs password; qpdf --password=u --decrypt e.pdf d.pdf; pdftotext d.pdf - | head -n 1; qpdf --empty --pages a.pdf a.pdf -- b.pdf; qpdf --show-npages b.pdf; echo '<html><body><h1>Head</h1><p>one <b>two</b></p><ul><li>x</ul><table><tr><td>a<td>b</table></body></html>' >h.html; html2text h.html | head -n 3; w3m -dump h.html; lynx -dump -nolist h.html; printf '{\\rtf1 {\\b bold} text}' >r.rtf; unrtf --text r.rtf 2>/dev/null | tail -n 1
