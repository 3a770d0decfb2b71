"""A real browser, Chromium without a window, that pages of generated projects are opened in."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from template import servers

PHONE, DESK = 390, 1280


class Browser:
    """A page in Chromium, driven by its own driver; nothing is downloaded."""

    def __init__(self, driver: webdriver.Chrome, page: Path) -> None:
        self.driver = driver
        self.page = page

    def open(self, width: int = DESK, dark: bool = False) -> None:
        """Open the page on a screen of a width in pixels."""
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(self.page.as_uri())

    def js(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; return what it returns."""
        return self.driver.execute_script(code, *arguments)

    def hover(self, element: WebElement) -> None:
        """Bring an element into sight and the pointer onto it."""
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver).move_to_element(element).perform()

    def complaints(self) -> list[str]:
        """Return what the console has said since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since this was asked last."""
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        asked = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked]


@contextmanager
def chromium(page: Path) -> Iterator[Browser]:
    """Start Chromium for a page; leave the test out where it is not installed."""
    way_out = "`make services`"
    options = webdriver.ChromeOptions()
    name = "google-chrome" if shutil.which("google-chrome") else "chromium"
    options.binary_location = servers.program(name, way_out)
    # In a container everybody is root, whom Chromium's sandbox refuses; the pages are our own.
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(servers.program("chromedriver", way_out))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver, page)
    finally:
        driver.quit()
