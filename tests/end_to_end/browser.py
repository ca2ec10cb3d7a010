"""A browser without a window, and what it has loaded."""

import json
import os
import shutil
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement

FLAGS: Final = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--no-first-run", "--hide-scrollbars"),
)


class Browser:
    """Chromium; skips the test where it is not installed."""

    def __init__(self) -> None:
        program, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if program is None or driver is None:
            reason = "needs chromium and chromedriver"
            if os.environ.get("EMOTIOND_REQUIRE_BROWSER") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        options = Options()
        options.binary_location = program
        for each in FLAGS:
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))

    def open(self, link: str) -> None:
        self.driver.get(link)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        """Return the text of the first element, as it is seen; empty without one."""
        return next((each.text for each in self.all(selector)), "")

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Wait until a condition holds, while the page changes."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except StaleElementReferenceException:
                pass
            assert time.monotonic() < give_up, f"{what}: {self.text('body')}"
            time.sleep(0.05)

    def see(self, width: int, height: int, scheme: str = "light") -> None:
        """Change the size of the window and the colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def script(self, *, on: bool) -> None:
        """Turn JavaScript on or off."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def loaded(self) -> list[str]:
        """Return the links of all requests since the last call, but for data in the link itself."""
        messages = (
            json.loads(each["message"])["message"] for each in self.driver.get_log("performance")
        )
        return [
            each["params"]["request"]["url"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
            and not each["params"]["request"]["url"].startswith("data:")
        ]

    def complaints(self) -> list[str]:
        """Return the messages of the console since the last call."""
        return [each["message"] for each in self.driver.get_log("browser")]

    def end(self) -> None:
        self.driver.quit()
