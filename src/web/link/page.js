// Follows the login by server-sent events. Written for old browsers, too: WeChat's own is one.
(function () {
  "use strict";
  var page = document.documentElement;
  var byId = function (id) { return document.getElementById(id); };
  var here = location.pathname.replace(/\/$/, "");
  var source = null;
  // A person in WeChat's own browser cannot scan the screen that they look at; the button opens the code.
  var inWechat = /MicroMessenger/i.test(navigator.userAgent);

  function show(news) {
    page.dataset.state = news.state;
    byId("offline").hidden = true;
    if (news.state === "code") {
      byId("qr").src = news.picture;
      byId("open").href = news.url;
      byId("open").hidden = !news.url;
      if (inWechat && news.url) page.setAttribute("data-inside", "");
      else page.removeAttribute("data-inside");
    }
    if (news.state === "digits") {
      byId("wrong").hidden = !news.wrong;
      byId("form").hidden = false;
      byId("field").value = "";
      byId("field").focus();
    }
    if (news.state === "done" || news.state === "over") source.close();
  }

  function listen() {
    if (source) source.close();
    source = new EventSource(here + "/events");
    source.onmessage = function (event) { show(JSON.parse(event.data)); };
    source.onerror = function () {
      byId("offline").hidden = false;
      // The browser stops by itself when the answer is an error: then the login is over.
      if (source.readyState === 2) show({ state: "over" });
    };
  }

  byId("form").addEventListener("submit", function (event) {
    event.preventDefault();
    var request = new XMLHttpRequest();
    request.open("POST", here + "/digits");
    request.setRequestHeader("Content-Type", "text/plain");
    request.onload = function () { byId("form").hidden = request.status === 204; };
    request.onerror = function () { byId("offline").hidden = false; };
    request.send(byId("field").value.replace(/[^0-9]/g, ""));
  });

  if (page.dataset.state !== "over") listen();
  // The back button may return to a page that the browser had suspended.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted && page.dataset.state !== "done" && page.dataset.state !== "over") listen();
  });
})();
