// Goes on to the first of the browser's languages that the newsroom has. Without scripts the page offers them all.
(function () {
  var own = {};
  document.querySelectorAll('link[rel="alternate"][hreflang]').forEach(function (link) {
    own[link.hreflang] = true;
  });
  (navigator.languages || [navigator.language || ""]).some(function (wanted) {
    var language = wanted.slice(0, 2).toLowerCase();
    if (own[language]) {
      location.replace(language + "/index.html");
      return true;
    }
    return false;
  });
})();
