"use strict";(()=>{try{let t=localStorage.getItem("tarn.theme");(t==="light"||t==="dark")&&(document.documentElement.dataset.theme=t)}catch{}})();
