"""A browser for tests: headless Chromium, with the few steps that tests of the console are made of. Every step waits for
what it needs, and none for a time."""

import base64
import json
import pathlib
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from box import PASSWORD

PATIENCE_SECONDS = 20
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb"]
# What pages are looked at in: name, width, colours.
VARIANTS = [("wide-light", 1280, "light"), ("wide-dark", 1280, "dark"), ("phone-light", 360, "light"), ("phone-dark", 360, "dark")]


class Browser:
    """A browser with a profile of its own; use it in a with statement."""

    def __init__(self, base, pictures=None):
        self.base, self.pictures = base, pathlib.Path(pictures) if pictures else None
        self.profile = tempfile.mkdtemp(prefix="mailstead-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in [*FLAGS, f"--user-data-dir={self.profile}", "--window-size=1280,900"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---- steps ----------------------------------------------------------------------------------

    def open(self, path):
        """Opens a page of the console."""
        self.driver.get(self.base + path)
        return self

    def sign_in(self, user, password=PASSWORD):
        self.open("/sign-in")
        self.fill("input[name=user]", user)
        self.fill("input[name=password]", password)
        self.click("main form button")
        self.wait(lambda: "/sign-in" not in self.driver.current_url, f"{user} signed in")
        return self

    def sign_out(self):
        self.driver.delete_all_cookies()

    def wait(self, condition, what="what was waited for", seconds=PATIENCE_SECONDS):
        """Waits until the condition is true, and returns what it gave."""
        def holds(_):
            try:
                return condition()
            except (StaleElementReferenceException, ElementClickInterceptedException):
                return False
        try:
            return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(holds)
        except TimeoutException:
            raise AssertionError(f"{what} did not come; the page {self.driver.current_url} says: {self.main()[:1500]}") from None

    def find(self, selector):
        """The first element that matches, once it is there."""
        return self.wait(lambda: next(iter(self.all(selector)), None), selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def fill(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def click(self, selector):
        """Clicks once the element is there, shown and enabled."""
        self.click_one(lambda: self.all(selector), f"{selector} to click")

    def press(self, label, within="main"):
        """Clicks the button or link with this text."""
        def named():
            return [e for e in self.all(f"{within} button, {within} a") if e.text.strip() == label]
        self.click_one(named, f"{label!r} to press")

    def click_one(self, candidates, what):
        """Clicks the first that is shown and enabled. The page may be renewed between the look and the click: then again."""
        def clicked():
            for element in candidates():
                if element.is_displayed() and element.is_enabled():
                    # Out from under the bar, which stays where it is.
                    self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                    element.click()
                    return True
            return False
        self.wait(clicked, what)

    def choose(self, row):
        """Ticks the box of a row of a list."""
        self.click(f"input[name=id][value={json.dumps(row)}]")

    def keys(self, text):
        """Types, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(text)

    def confirm(self):
        """Says yes to the question."""
        self.click("dialog[open] button.danger")

    # ---- what the page says ----------------------------------------------------------------------

    def main(self):
        try:
            return next((e.text for e in self.all("main")), self.driver.page_source[:2000])
        except StaleElementReferenceException:
            return "(the page is being renewed)"

    def says(self, text):
        """Waits until the page says this."""
        self.wait(lambda: text in self.main(), repr(text))
        return self

    def notice(self, text):
        """Waits until the notice of the last act says this."""
        self.wait(lambda: any(text in e.text for e in self.all("#notice")), f"the notice {text!r}")
        return self

    def rows(self):
        """The rows of the list by their id: the texts of their cells by the columns' headings."""
        return self.driver.execute_script("""
            return Object.fromEntries([...document.querySelectorAll('table.list tbody tr')].map((row, index) => [
                row.dataset.row ?? index,
                Object.fromEntries([...row.cells].map((cell, column) => [cell.dataset.label ?? column, cell.innerText.trim()])),
            ]))""")

    def wait_for_row(self, row, **cells):
        """Waits until the row is there and its cells say these words."""
        def shown():
            found = self.rows().get(row)
            return found is not None and all(found.get(label) == text for label, text in cells.items())
        self.wait(shown, f"the row {row} with {cells}, of {self.rows()}")

    def wait_until_row_is_gone(self, row):
        self.wait(lambda: row not in self.rows(), f"the end of row {row}")

    def menu(self):
        """The addresses of the menu."""
        links = self.driver.execute_script("return [...document.querySelectorAll('#menu a')].map(a => a.getAttribute('href'))")
        return sorted(set(links))

    # ---- what the page is ------------------------------------------------------------------------

    def emulate(self, width, colours):
        """From here on the window has this width, and prefers these colours."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": colours}]})

    def photograph(self, name):
        """Keeps a picture of the page in each variant; the page must not be wider than any of them."""
        for variant, width, colours in VARIANTS:
            self.emulate(width, colours)
            overflow = self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if self.pictures:
                self.pictures.mkdir(parents=True, exist_ok=True)
                height = self.driver.execute_script("return Math.min(4000, document.documentElement.scrollHeight)")
                clip = {"x": 0, "y": 0, "width": width, "height": max(height, 600), "scale": 1}
                shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
                (self.pictures / f"{name}-{variant}.png").write_bytes(base64.b64decode(shot["data"]))
            assert overflow <= 0, f"{name} is {overflow} px too wide for {variant}"
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def check_accessibility(self):
        """axe-core finds nothing serious, in light and dark."""
        import axe_core_python
        source = (pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
        for colours in ("light", "dark"):
            self.emulate(1280, colours)
            # Through the debugger: the page's own policy lets no foreign script in.
            self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": source})
            asked = {"expression": "axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations))",
                     "awaitPromise": True, "returnByValue": True}
            found = json.loads(self.driver.execute_cdp_cmd("Runtime.evaluate", asked)["result"]["value"])
            serious = [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
                       for one in found if one["impact"] in ("serious", "critical")]
            assert not serious, f"{self.driver.current_url} ({colours}): " + "\n".join(serious)
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def complaints(self):
        """What the browser's console has said since the last time: errors of scripts and of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def load(self, path):
        """Opens a page with an empty cache: requests and bytes until it is usable."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.get_log("performance")
        self.open(path)
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [e for e in events if e["method"] == "Network.requestWillBeSent" and e["params"]["request"]["url"].startswith("http")]
        received = [e["params"]["encodedDataLength"] for e in events if e["method"] == "Network.loadingFinished"]
        return len(sent), int(sum(received))
