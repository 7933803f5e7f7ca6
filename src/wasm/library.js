// The JavaScript half of the wasm boundary, linked into Emscripten's glue.
//
// emscripten_fetch: this replaces the glue's own way to make the XMLHttpRequest, for these reasons:
// - a request that is closed in flight is aborted, instead of writing into freed memory later;
// - nothing throws through C frames, and a failure to send is reported later, never inside the call;
// - the body is copied only where memory for it was got, instead of to address 0;
// - an answer from another origin, behind a redirect, counts as no answer;
// - it brings no IndexedDB, no synchronous calls and no streaming: a third of the size.
//
// Our own three imports: `now`, `arm` and `tell` hand over to js/core.js, which neither throws nor calls
// back into C from them. It also gives the class to use as XMLHttpRequest, and `call`, through which
// every callback enters C, so that a trap there is noticed.

mergeInto(LibraryManager.library, {
  $iauthXhrs: '{}',
  // js/core.js reads and writes the memory, whose size is fixed, through this view.
  $iauthXhrs__postset: "Module['bytes'] = () => HEAPU8;",

  // Everything that crosses here was checked to be ASCII, or is read as such.
  $iauthText: function (address) {
    var text = '';
    while (HEAPU8[address]) text += String.fromCharCode(HEAPU8[address++]);
    return text;
  },

  emscripten_start_fetch__deps: ['$iauthXhrs', '$iauthText'],
  emscripten_start_fetch: function (fetch) {
    var attributes = fetch + {{{ C_STRUCTS.emscripten_fetch_t.__attributes }}};
    var pointer = (address) => HEAPU32[address >> 2];
    var finish = (status) => {
      HEAPU16[fetch + {{{ C_STRUCTS.emscripten_fetch_t.status }}} >> 1] = status;
      HEAPU16[fetch + {{{ C_STRUCTS.emscripten_fetch_t.readyState }}} >> 1] = 4;
      var done = pointer(attributes + {{{ C_STRUCTS.emscripten_fetch_attr_t.onsuccess }}});
      Module['call'](() => {{{ makeDynCall('vi', 'done') }}}(fetch));
    };
    var xhr = iauthXhrs[pointer(fetch + {{{ C_STRUCTS.emscripten_fetch_t.id }}})] = new Module['XHR']();
    try {
      var url = iauthText(pointer(fetch + {{{ C_STRUCTS.emscripten_fetch_t.url }}}));
      xhr.open(iauthText(attributes), url);
      xhr.responseType = 'arraybuffer';
      for (var header = pointer(attributes + {{{ C_STRUCTS.emscripten_fetch_attr_t.requestHeaders }}}); pointer(header); header += 8) {
        xhr.setRequestHeader(iauthText(pointer(header)), iauthText(pointer(header + 4)));
      }
      xhr.onprogress = (event) => {
        // Only the low half: a body is cut off long before it has 4 GiB.
        HEAPU32[fetch + {{{ C_STRUCTS.emscripten_fetch_t.dataOffset }}} >> 2] = event.loaded;
        var progress = pointer(attributes + {{{ C_STRUCTS.emscripten_fetch_attr_t.onprogress }}});
        Module['call'](() => {{{ makeDynCall('vi', 'progress') }}}(fetch));
      };
      xhr.onload = () => {
        var body = new Uint8Array(xhr.response);
        var data = _malloc(body.length);
        if (data) HEAPU8.set(body, data);
        HEAPU32[fetch + {{{ C_STRUCTS.emscripten_fetch_t.data }}} >> 2] = data;
        HEAPU32[fetch + {{{ C_STRUCTS.emscripten_fetch_t.numBytes }}} >> 2] = body.length;
        finish(new URL(xhr.responseURL || url).origin == new URL(url).origin ? xhr.status : 0);
      };
      xhr.onerror = () => finish(0);
      var body = pointer(attributes + {{{ C_STRUCTS.emscripten_fetch_attr_t.requestData }}});
      xhr.send(body ? HEAPU8.slice(body, body + pointer(attributes + {{{ C_STRUCTS.emscripten_fetch_attr_t.requestDataSize }}})) : null);
    } catch (error) {
      setTimeout(() => xhr.onerror && finish(0));
    }
  },

  _emscripten_fetch_get_response_headers__deps: ['$iauthXhrs'],
  _emscripten_fetch_get_response_headers: function (id, address, size) {
    var text = iauthXhrs[id].getAllResponseHeaders() || '';
    for (var i = 0; i < size - 1 && i < text.length; i++) HEAPU8[address + i] = text.charCodeAt(i);
    HEAPU8[address + i] = 0;
  },

  _emscripten_fetch_free__deps: ['$iauthXhrs'],
  _emscripten_fetch_free: function (id) {
    var xhr = iauthXhrs[id];
    delete iauthXhrs[id];
    xhr.onload = xhr.onerror = xhr.onprogress = null;
    if (xhr.readyState < 4) xhr.abort();
  },

  iauth_js_now: function (address) {
    Module['now'](HEAPF64.subarray(address >> 3));
  },
  iauth_js_arm: function (delayMs) {
    Module['arm'](delayMs);
  },
  iauth_js_tell: function (message, address) {
    Module['tell'](message, HEAPF64.subarray(address >> 3));
  },
});
