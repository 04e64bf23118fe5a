((config) => {
  const page = document, script = page.currentScript, action = new URL(config.action, script.src).href;
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  const make = (tag, told) => Object.assign(page.createElement(tag), told);

  // Sites have inputs called `action`, and `form.action` would be one of those.
  const actionOf = (form) => Reflect.get(HTMLFormElement.prototype, 'action', form);
  const isOurs = (form) => actionOf(form).split(/[?#]/)[0] === action;

  // What led the visitor here, as the first page of the visit knew it.
  function visit() {
    try {
      return JSON.parse(sessionStorage.ingest);
    } catch {} // it is the first page, or nothing may be kept
    const found = {landing_page: location.href.split('#')[0], referrer: page.referrer};
    new URLSearchParams(location.search).forEach((value, key) => {
      if (/^utm_|clk?id$|braid$/.test(key)) found[key] = value;
    });
    try {
      sessionStorage.ingest = JSON.stringify(found);
    } catch {}
    return found;
  }
  const known = {...visit(), _started: config.started};

  // Comes however a form is sent, and whenever it came to the page.
  page.addEventListener('formdata', ({target, formData}) => {
    if (isOurs(target)) for (const key in known) if (known[key] && !formData.has(key)) formData.append(key, known[key]);
  });

  page.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || !isOurs(form)) return;
    event.preventDefault();
    if (!form.ariaBusy) send(form, event.submitter || {});
  });

  async function send(form, button) {
    all('.ingest-fault,.ingest-message', form).forEach((one) => one.remove());
    all('[aria-invalid]', form).forEach((one) => one.removeAttribute('aria-invalid'));
    // Scripts send no buttons.
    const pressed = make('input', {type: 'hidden', name: button.name || '', value: button.value});
    form.append(pressed);
    const body = new FormData(form);
    form.ariaBusy = button.disabled = true;
    let answer;
    try {
      const headers = {Accept: 'application/json'};
      answer = await (await fetch(actionOf(form), {method: 'POST', headers, body})).json();
    } catch { // no network, or a policy forbids it: the browser posts it, and shows what comes
      form.setAttribute('method', 'post');
      HTMLFormElement.prototype.submit.call(form);
    }
    // Who is led away may come back.
    setTimeout(() => {
      form.ariaBusy = null;
      button.disabled = false;
      pressed.remove();
    }, answer && !answer.next ? 0 : 5000);
    if (answer) (answer.error ? refuse : thank)(form, answer);
  }

  function thank(form, {leads, next}) {
    const detail = {endpoint: config.name, leads, next};
    if (!form.dispatchEvent(new CustomEvent('ingest:sent', {bubbles: true, cancelable: true, detail}))) return;
    if (next) return location.assign(new URL(next, action));
    const box = make('div', {className: 'ingest-thanks', role: 'status', tabIndex: -1});
    const [title, text] = config.thanks;
    box.append(make('p', {className: 'ingest-title', textContent: title}), make('p', {textContent: text}));
    form.replaceWith(box);
    box.focus();
  }

  // Fields are the same that differ in case and punctuation only.
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '');

  function refuse(form, {error}) {
    const said = error.fields ? [config.again] : [error.message, error.hint];
    for (const key in error.fields) {
      const id = `ingest-${plain(config.name)}-${plain(key)}`;
      const note = make('div', {className: 'ingest-fault', id, textContent: error.fields[key]});
      const inputs = all('[name]:not([type=hidden])', form).filter((one) => plain(one.name) === plain(key));
      for (const one of inputs) {
        one.setAttribute('aria-invalid', true);
        one.setAttribute('aria-describedby', `${id} ${(one.getAttribute('aria-describedby') || '').replace(id, '')}`);
        (one.closest('.ingest-field>*,label') || one).after(note);
      }
      if (!inputs[0]) said.push(error.fields[key]);
    }
    const alert = make('p', {className: 'ingest-message', role: 'alert', tabIndex: -1});
    alert.textContent = said.join(error.fields ? ' – ' : ' ');
    form.prepend(alert);
    (form.querySelector('[aria-invalid]') || alert).focus();
  }

  function draw() {
    const form = make('div', {innerHTML: config.form}).firstChild;
    form.action = action;
    form.querySelector('[aria-hidden]').style.cssText = 'position:absolute;left:-200vw'; // whatever sheets are allowed
    for (const input of all('[type=hidden]', form)) input.value = known[input.name] || input.value;
    for (const select of all('.ingest-phone select', form)) {
      const country = select.value, names = new Intl.DisplayNames(form.lang, {type: 'region'});
      let code = 0; // each is told as what it is more than the one before, mostly 1
      const options = [...config.countries.matchAll(/(\d*)(..)/g)].map(([, more, region]) =>
        new Option(`${names.of(region)} (+${code += +(more || 1)})`, region));
      select.replaceChildren(...options.sort((a, b) => a.text.localeCompare(b.text, form.lang)));
      select.value = country;
    }
    if (config.captcha) page.head.append(make('script', {src: config.captcha, nonce: script.nonce}));
    return form;
  }

  function start() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(config.style);
      page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
    } catch {} // an old browser
    const place = page.querySelector(`[data-ingest="${config.name}"]`);
    if ([...page.forms].some(isOurs)) return;
    if (place) place.replaceChildren(draw());
    else if (page.body.contains(script)) script.after(draw()); // in the head it only remembers the visit
  }
  if (page.readyState === 'loading') page.addEventListener('DOMContentLoaded', start);
  else start();
})
