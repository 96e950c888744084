"""Every page of the menu, as each kind of user sees it: in the narrowest and the widest window, in light and in dark,
without a complaint of the browser, of axe-core or of the eye. The pictures are kept in `target/console`."""

from console import ADMIN, DOMAIN_ADMIN, USER


def menu(browser):
    """The addresses of the menu."""
    links = browser.driver.execute_script("return [...document.querySelectorAll('#menu a')].map(a => a.getAttribute('href'))")
    return sorted(set(links))


def look_at_all(console, user, kind, picture):
    with console.browser(user) as browser:
        paths = menu(browser)
        assert paths, f"{user} has an empty menu: {browser.main()}"
        browser.complaints()
        for path in paths:
            browser.open(path)
            browser.find("main h1")
            name = path.strip("/").replace("/", "-") or "start"
            if picture:
                browser.photograph(f"{kind}-{name}")
            browser.check_accessibility()
            # A page that changes by itself keeps a connection: what it says of it on leaving is no complaint.
            said = [line for line in browser.complaints() if "/frame/news" not in line]
            assert not said, f"{path}: {said}"


def every_page_of_a_system_administrator(console):
    look_at_all(console, ADMIN, "admin", True)


def every_page_of_a_domain_administrator(console):
    look_at_all(console, DOMAIN_ADMIN, "domain-admin", False)


def every_page_of_a_user(console):
    look_at_all(console, USER, "user", True)


def the_sign_in(console):
    with console.browser() as browser:
        browser.open("/sign-in")
        browser.find("input[name=user]")
        browser.photograph("sign-in")
        browser.check_accessibility()


def the_first_load_is_light(console):
    with console.browser(ADMIN) as browser:
        requests, size = browser.load("/dashboard")
        print(f"    first load: {requests} requests, {size / 1000:.0f} KB")
        assert requests <= 5 and size <= 200_000


TESTS = [every_page_of_a_system_administrator, every_page_of_a_domain_administrator, every_page_of_a_user, the_sign_in,
         the_first_load_is_light]
