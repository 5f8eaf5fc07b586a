// Puts a button beside each quotation and contact that copies it. Without scripts, or without a clipboard, there is none.
(function () {
  var words = document.getElementById("main").dataset;
  if (!navigator.clipboard) {
    return;
  }
  document.querySelectorAll(".text blockquote, .contacts address").forEach(function (block) {
    var text = block.innerText.trim();
    var button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = block.matches("blockquote") ? words.copyQuote : words.copyContact;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () {
      var before = button.textContent;
      navigator.clipboard.writeText(text).then(function () {
        button.textContent = words.copied;
        setTimeout(function () {
          button.textContent = before;
        }, 2000);
      });
    });
    block.after(button);
  });
})();
