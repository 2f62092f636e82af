//! Chromium, driven by chromedriver (W3C WebDriver) over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What a page must be at every width: what a screen reader and a tired eye need.
const LOOK: &str = r"
const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
const back = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = rgb(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!own || element.closest('svg')) continue;
  const style = getComputedStyle(element);
  const [one, other] = [light(rgb(style.color)), light(back(element))].sort((a, b) => b - a);
  const ratio = (one + 0.05) / (other + 0.05);
  if (ratio < 4.5) faint.push(ratio.toFixed(2) + ': ' + element.textContent.trim().slice(0, 40));
}
const unnamed = [...document.querySelectorAll('a, button, input:not([type=hidden])')]
  .filter(element => !(element.textContent.trim() || element.labels?.length || element.querySelector('title')));
return {
  lang: document.documentElement.lang, scripts: document.scripts.length, wide: document.documentElement.scrollWidth,
  window: innerWidth, faint, unnamed: unnamed.map(element => element.outerHTML), title: document.title,
  loaded: performance.getEntriesByType('resource').map(entry => entry.name),
};
";

/// A browser with one window.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one; `None` where Chromium or its driver is not installed, and says so.
    pub fn start() -> Option<Self> {
        let driver =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = driver else {
            eprintln!("skipped: chromedriver is not installed");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("is piped")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
            &folder,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome",
            "goog:chromeOptions": {"args": args}, "timeouts": {"pageLoad": 20_000, "implicit": 0}}}});
        let mut browser =
            Self { driver, port: port.expect("chromedriver says its port"), session: String::new(), profile };
        let made = browser.send("POST", "/session", &wanted);
        made["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        Some(browser)
    }

    /// Sends a command and gives its value; what the driver calls an error ends the test.
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(method, path, body);
        assert!(answer.get("error").is_none(), "{method} {path}: {answer}");
        answer
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = if self.session.is_empty() || path.starts_with("/session") {
            path.to_owned()
        } else {
            format!("/session/{}{path}", self.session)
        };
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .expect("is sent");
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        for line in (&mut stream).lines().map(|line| line.expect("is answered")) {
            if let Some((_, n)) = line.to_lowercase().split_once("content-length:") {
                length = n.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("a body");
        serde_json::from_slice::<Value>(&body).expect("JSON")["value"].take()
    }

    /// A command of the browser's own protocol.
    fn cdp(&self, command: &str, params: &Value) -> Value {
        self.send("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// A window of this size, in light or dark.
    pub fn window(&self, width: u32, dark: bool) {
        let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.cdp("Emulation.setEmulatedMedia", &features);
    }

    /// Goes to an address.
    pub fn open(&self, url: &str) {
        self.send("POST", "/url", &json!({"url": url}));
    }

    /// One step back.
    pub fn back(&self) {
        self.send("POST", "/back", &json!({}));
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.send("GET", "/url", &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script of the test's: pages have none.
    pub fn script(&self, text: &str) -> Value {
        self.send("POST", "/execute/sync", &json!({"script": text, "args": []}))
    }

    /// Everything that the page says.
    pub fn text(&self) -> String {
        let script = json!({"script": "return document.body.innerText", "args": []});
        self.ask("POST", "/execute/sync", &script).as_str().unwrap_or_default().to_owned()
    }

    /// The first link or button that says this.
    fn find(&self, label: &str) -> Option<String> {
        let path = format!("//*[self::a or self::button][contains(normalize-space(.), \"{label}\")]");
        let found = self.ask("POST", "/element", &json!({"using": "xpath", "value": path}));
        found
            .as_object()?
            .values()
            .next()?
            .as_str()
            .filter(|_| found.get("error").is_none())
            .map(str::to_owned)
    }

    /// Whether some link or button says this.
    pub fn has(&self, label: &str) -> bool {
        self.find(label).is_some()
    }

    /// Follows a link, or presses a button.
    pub fn click(&self, label: &str) {
        let element = self.find(label).unwrap_or_else(|| panic!("nothing says {label:?}:\n{}", self.text()));
        self.send("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Presses a button until the page that follows says `wanted`: a form that comes back within a second is no person's.
    pub fn press(&self, label: &str, wanted: &str) {
        for _ in 0..400 {
            // Between two looks the page may already be another: then there is nothing to press.
            if let Some(element) = self.find(label) {
                self.ask("POST", &format!("/element/{element}/click"), &json!({}));
            }
            if self.text().contains(wanted) {
                return;
            }
        }
        panic!("never said {wanted:?}:\n{}", self.text());
    }

    /// Puts a value into a field of a form.
    pub fn fill(&self, name: &str, value: &str) {
        self.script(&format!("document.querySelector('[name={name}]').value = '{value}'"));
    }

    /// Presses a key: `\u{E004}` is Tab, `\u{E007}` Enter.
    pub fn key(&self, key: &str) {
        let keys = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.send("POST", "/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": keys}]}));
    }

    /// What has the keyboard's attention says.
    pub fn focused(&self) -> String {
        self.script("return document.activeElement.innerText || ''").as_str().unwrap_or_default().to_owned()
    }

    /// Checks how a page looks at phone and desktop width, in light and dark: nothing wider than the window, contrast AA
    /// (WCAG 2.2, 1.4.3), a language, no script, nothing loaded, and a name for all that can be pressed.
    pub fn looks_well(&self, what: &str) {
        for (width, dark) in [(320, false), (390, true), (1280, false), (1280, true)] {
            self.window(width, dark);
            let look = self.script(LOOK);
            let at = format!("{what} at {width}, dark: {dark}: {look}");
            assert_eq!(look["lang"], "en", "{at}");
            assert_eq!(look["scripts"], 0, "{at}");
            assert!(look["wide"].as_u64() <= look["window"].as_u64(), "{at}");
            for list in ["faint", "unnamed", "loaded"] {
                assert_eq!(look[list], json!([]), "{at}");
            }
            assert_ne!(look["title"], "", "{at}");
        }
        self.window(390, false);
    }

    /// The whole page as PNG.
    pub fn picture(&self, width: u32, dark: bool) -> Vec<u8> {
        self.window(width, dark);
        let height = self.script("return document.documentElement.scrollHeight").as_u64().unwrap_or(800);
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
        let shot = self.send("GET", "/screenshot", &Value::Null);
        STANDARD.decode(shot.as_str().expect("a picture")).expect("base64")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // The browser itself ends with its driver's session, or is ended here.
        let folder = self.profile.path().display().to_string();
        let _ = Command::new("pkill").args(["-9", "-f", &folder]).status();
    }
}
