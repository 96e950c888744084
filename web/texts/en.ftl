### What the console says, in English. A translation is a copy of this file, named after its language (de.ftl), in which
### what stands behind each = is in that language: see web.translation in the settings. What is missing there is said in
### English. The format is Fluent's: https://projectfluent.org/fluent/guide/. { $names } are values that are put in;
### what stands between { $link } and { $end } is a link.


## On several pages

about = About
abuse-detection = Abuse detection
action = Action
actions = Actions
actions-on-the-chosen-users = Actions on the chosen users
active = Active
acts = Acts
add = Add
address = Address
administration = Administration
aliases = Aliases
all = All
anonymous = anonymous
api = API
archive = Archive
are-you-sure = Are you sure?
at-by-protocol-from-from = { $at } by { $protocol } from { $from }
audit-log = Audit log
back = Back
black-and-allowlist = Black- and allowlist
blacklist = Blacklist
by = By
cancel = Cancel
choose-a-role = choose a role
choose-address = Choose { $address }
choose-id = Choose { $id }
code = Code
connections-dropped = { $connections } dropped.
current-blocks = Current blocks
current-connections = Current connections
dashboard = Dashboard
delete = Delete
disable = Disable
domain = Domain
domains = Domains
download = Download
enable = Enable
enabled = Enabled
end = End
failed = Failed
find = Find
first-day = First day
for = For
from = From
from-users = From users
id-here = Id here
imap = IMAP
in = In
inactive = Inactive
inactive-users = Inactive users
indexing = Indexing
last-day = Last day
last-login = Last login
logs = Logs
mail = Mail
mail-address = Mail address
mail-rules = Mail rules
mailbox = Mailbox
managesieve = ManageSieve
mass-messaging = Mass messaging
may = May
message = Message
message-trace = Message trace
messages = Messages
my-account = My account
n-address =
    { $count ->
        [one] { $count } address
       *[other] { $count } addresses
    }
n-alias =
    { $count ->
        [one] { $count } alias
       *[other] { $count } aliases
    }
n-block =
    { $count ->
        [one] { $count } block
       *[other] { $count } blocks
    }
n-chosen = { $n } chosen
n-connection =
    { $count ->
        [one] { $count } connection
       *[other] { $count } connections
    }
n-day =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
n-line =
    { $count ->
        [one] { $count } line
       *[other] { $count } lines
    }
n-message =
    { $count ->
        [one] { $count } message
       *[other] { $count } messages
    }
n-month =
    { $count ->
        [one] { $count } month
       *[other] { $count } months
    }
n-more = { $count } more
n-network =
    { $count ->
        [one] { $count } network
       *[other] { $count } networks
    }
n-recovery-code =
    { $count ->
        [one] { $count } recovery code
       *[other] { $count } recovery codes
    }
n-row =
    { $count ->
        [one] { $count } row
       *[other] { $count } rows
    }
n-rule =
    { $count ->
        [one] { $count } rule
       *[other] { $count } rules
    }
n-service =
    { $count ->
        [one] { $count } service
       *[other] { $count } services
    }
n-session =
    { $count ->
        [one] { $count } session
       *[other] { $count } sessions
    }
n-user =
    { $count ->
        [one] { $count } user
       *[other] { $count } users
    }
name = Name
never = never
new-password = New password
next = Next
nobody-is-connected = Nobody is connected.
none = none
none-a-notification = none: a notification
note = Note
of-quota-bytes = of { $quota-bytes }
on = On
online-users = Online users
pages = Pages
password = Password
password-compliance = Password compliance
password-policy = Password policy
pop = POP
progress = Progress
queued = Queued
recipient = Recipient
recipients = Recipients
record = Record
remove = Remove
rule = Rule
save = Save
saved = Saved.
search = Search
send-email = Send email
sender = Sender
service = Service
services = Services
sessions-ended = { $sessions } ended.
settings = Settings
shared-mailboxes = Shared mailboxes
since = Since
size = Size
smtp = SMTP
some-of-all = { $rows } of { $all }
span-s = { $n } s
spool = Spool
state = State
status = Status
subject = Subject
system-administrator = System administrator
text = Text
the-second-factor-is-removed = The second factor is removed.
there-is-no-such-action = there is no such action
this-is-the-beginning-of-a = This is the beginning of a long message; the file has all of it.
to = To
type = Type
unknown = Unknown
until = Until
user = User
users = Users
web = Web
what = What
what-waits-for-other-servers-or = What waits for other servers or for mailboxes here, in the order of creation.
when = When
who = Who
why = Why
without-a-subject = Without a subject

## Signing in

enter-the-code-that-your-device = Enter the code that your device shows now, or one of your recovery codes.
passwords-cannot-be-checked-now-try = Passwords cannot be checked now. Try again in a moment.
sign-in = Sign in
start-over = Start over
that-code-is-not-right-or = That code is not right, or was used already. Wait for the next one.
that-took-too-long-sign-in = That took too long. Sign in again.
the-password-has-expired-sign-in = The password has expired. Sign in, then change it.
this-account-is-disabled-ask-your = This account is disabled. Ask your administrator.
too-many-wrong-codes-wait-ten = Too many wrong codes. Wait ten minutes, then sign in again.
user-or-password-is-wrong = User or password is wrong.

## Around every page

as-a-table = As a table
browser-on-system = { $browser } on { $system }
choose-all-rows-of-this-page = Choose all rows of this page
choose-the-row = Choose the row
close = Close
close-this-message = Close this message
decimal-point = { "." }
digit-group = { "," }
go-to-the-start = Go to the start
keyboard = Keyboard
menu = Menu
most-rows-at-most-can-be = { $most } rows at most can be acted on at once
my-mailbox = My mailbox
next-page-previous-page = Next page, previous page
next-row-previous-row = Next row, previous row
no-row-is-chosen-tick-the = no row is chosen; tick the rows first
nothing-in-this-time = Nothing in this time.
open-the-row = Open the row
people = People
rows-of-all = { $first }–{ $last } of { $all }
safety = Safety
search-label = Search: { $label }
sign-out = Sign out
skip-to-the-content = Skip to the content
span-d = { $n } d
span-h = { $n } h
span-min = { $n } min
span-ms = { $n } ms
system = System
that-cannot-be-done = That cannot be done
that-did-not-work = That did not work
the-form-cannot-be-read-wrong = the form cannot be read: { $wrong }
the-list-could-not-be-written = the list could not be written: { $error }
the-server-did-not-answer-check = The server did not answer. Check the connection, then try again.
there-is-nothing-here = There is nothing here
this-help = This help
this-is-not-yours-to-see = This is not yours to see
undo = Undo
who-opened-it = Who opened it

## The public page

edit-mail-rules = Edit mail rules
encryption = Encryption
fetch-mail = Fetch mail
in-order-to = To
no-service-for-mail-clients-is = No service for mail clients is running at the moment.
port = Port
port-ports = · port { $ports }
protocol = Protocol
read-mail = Read mail
send-mail = Send mail
server-and-user-name = Server: { $server }. User name: your whole mail address.
set-up-a-mail-client = Set up a mail client
sign-in-to-read-and-change = { $link }Sign in{ $end } to read and change your settings, or to administer this server. On the server itself the command line does the same work: { $command }.
this-is-a-mail-server-it = This is a mail server. It is up and running.

## Page: aliases

actions-on-the-chosen-aliases = Actions on the chosen aliases
address-is-stored = { $address } is stored.
addresses-whose-mail-goes-to-one = Addresses whose mail goes to one mailbox or to several.
alias = Alias
alias-or-address-it-leads-to = Alias or address it leads to
aliases-removed = { $aliases } removed.
leads-to = Leads to
no-aliases-yet = No aliases yet
no-such-alias = No such alias
one-address-a-line-of-this = One address a line, of this box or of others.
remove-the-chosen-aliases-mail-to = Remove the chosen aliases? Mail to them is refused then.
show-all-aliases = Show all aliases
store-alias = Store alias
store-the-first-one-above = Store the first one above.

## Page: api

openapi-document = OpenAPI document
request = Request
what-it-does = What it does
what-the-console-does-programs-do-too = What the console does, programs do too: send JSON and { $header } with a token of { $link }your account{ $end }.

## Page: archive

a-legal-hold-is-a-search = A legal hold is a search. What it finds is kept, whatever the rules say, until the hold ends.
a-rule-takes-a-copy-of = A rule takes a copy of each message when it is accepted, whatever becomes of it later. The copy shares the stored bytes.
add-a-rule-above-the-administrators = Add a rule above. The administrators of a domain see its archive once there is a rule for that very domain.
all-domains = All domains
all-that-the-search-finds-is = All that the search finds is held from now on.
archive-rules = Archive rules
archived = Archived
archives = archives
as-it-was-accepted = As it was accepted.
back-to-the-archive = Back to the archive
begun = Begun
changed-for-all-that-the-rule = Changed for all that the rule has archived, and will.
date-field = Date field
days-for-which-messages-of-rule = Days for which messages of rule { $id } are kept
direction = Direction
each-record-carries-the-hash-of = Each record carries the hash of the one before it. Who has a head on paper can prove later that nothing up to it was changed.
end-the-hold = End the hold
end-the-rule = End the rule
end-this-hold-the-rules-then = End this hold? The rules then count again for what it keeps.
end-this-rule-what-it-archived = End this rule? What it archived is kept for as long as it says.
ended = ended
every-message-that-a-rule-covers = Every message that a rule covers, as it was accepted. What becomes of it in a mailbox changes nothing here.
export-all-as-mbox = Export all as mbox
export-all-as-zip = Export all as ZIP
exports = Exports
for-ever = for ever
heads = Heads
heads-are-proved-by = Proved by { $command }. The heads are in the audit log too, once a day.
heads-of-the-archive = Heads of the archive
hold = Hold
hold-what-this-finds = Hold what this finds
incoming = Incoming
incoming-and-outgoing = Incoming and outgoing
keep-for-days-empty-for-ever = Keep for days (empty for ever)
kept = Kept
legal-holds = Legal holds
messages-go-when-their-rules-say = Messages go when their rules say so. To keep some of them longer, say above which, and why.
no-mail-is-archived = No mail is archived
no-more-mail-is-archived-for = No more mail is archived for this rule. What it archived is kept for as long as it says.
nothing-is-archived-yet = Nothing is archived yet
nothing-is-archived-yet-sentence = Nothing is archived yet.
nothing-is-held = Nothing is held
nothing-was-found = Nothing was found
number-of-domain-way = { $number } of { $domain }, { $way }
outgoing = Outgoing
parts-of-addresses-and-of-the = Parts of addresses and of the subject are enough.
recipient-bcc-as-well = Recipient, Bcc as well
record-before = Record before
records-archived-kept-kept-the-last = { $records } archived, { $kept } kept, the last { $archived }
records-looked-at = Records looked at
rule-id = rule { $id }
rules = Rules
say-which-one = say which one
set-days = Set days
text-is-no-number-of-days = { $text } is no number of days
the-hold-has-ended = The hold has ended.
the-message = The message
the-rule-counts-from-now-on = The rule counts from now on.
the-rule-has-ended = The rule has ended.
the-rules-count-again-for-the = The rules count again for the messages that this hold keeps: some may be removed within the hour.
what-as-format = { $what }, as { $format }
what-is-archived-is-said-by-the = What is archived is said by the { $link }rules{ $end }.
words-of-the-text = Words of the text

## Page: audit

acts-of-administrators-are-kept-as = Acts of administrators are kept as long as the log is.
address-act-or-ip = Address, act or IP
no-act-fits = No act fits
nothing-was-done-in-these-days = Nothing was done in these days
what-administrators-did-who-from-where = What administrators did: who, from where, what, on whom. The last 30 days, the latest first.

## Page: blocks

actions-on-the-chosen-blocks = Actions on the chosen blocks
address-or-rule = Address or rule
addresses-that-the-rules-have-shut-out = Addresses that the { $link }rules{ $end } have shut out for a while. Lifting a block leaves the rule in force.
blocks-lifted-the-rules-stay-and = { $blocks } lifted. The rules stay, and may block again.
every-protocol = Every protocol
harvesting = Harvesting
no-block-matches-the-search = No block matches the search.
nobody-is-blocked = Nobody is blocked
release = Release
release-what-user-sends = Release what { $user } sends
they-have-sent-to-very-many = They have sent to very many in a short time. What they send waits in the spool. Release it if it is wanted; if not, disable the user and delete the messages from the spool.
time-left = Time left
users-whose-messages-are-held = Users whose messages are held
what-user-sends-goes-out-again = What { $user } sends goes out again; { $messages } had waited.
whoever-does-too-much-of-what = Whoever does too much of what a rule counts shows up here until the time of the block is over.

## Page: connections

actions-on-the-chosen-addresses = Actions on the chosen addresses
actions-on-the-chosen-connections = Actions on the chosen connections
blacklist-the-address = Blacklist the address
blacklist-the-addresses-of-the-chosen = Blacklist the addresses of the chosen connections? Nobody gets in from there until they are taken off the list.
blacklist-the-chosen-addresses-nobody-gets = Blacklist the chosen addresses? Nobody gets in from there until they are taken off the list.
by-address = By address
connections = Connections
drop = Drop
drop-all-connections = Drop all connections
from-current-connections = From current connections
networks-blacklisted-and-the-connections-from = { $networks } blacklisted, and the connections from there dropped.
no-connections = No connections
nobody-is-connected-in-this-view = Nobody is connected in this view.
nothing-matches-the-search-search-for = Nothing matches the search. Search for a part of a user, of an address or of a state.
nothing-matches-the-search-sentence = Nothing matches the search.
number = Number
tls = TLS
user-address-or-state = User, address or state
where-the-connections-come-from = Where the connections come from.
who-is-connected-right-now-what = Who is connected right now. What has not logged in is anonymous: a login that is under way, a monitor, a crawler.

## Page: dashboard

accepted = accepted
certificate = Certificate
delivery-delay-on-average = Delivery delay, on average
destination-does-not-take-mail-messages = { $destination } does not take mail; { $messages } wait for it.
disk = Disk
ended-ends = ended { $ends }
free-bytes-free-of-size-bytes = { $free-bytes } free of { $size-bytes }
give-the-box-a-larger-disk = Give the box a larger disk before mail has to be refused.
in-the-spool = In the spool
it-has-ended = it has ended
it-said-answer = It said: { $answer }
less-than-percent-of-the-disk = Less than { $percent } % of the disk is free.
look = Look
look-at-the-messages-recipients = Look at the messages' recipients.
look-which-destination-does-not-take = Look which destination does not take its mail, or which account sends so much.
mail-from-users = Mail from users
mail-in = Mail in
mail-is-refused-until-there-is = Mail is refused until there is space: delete what is not needed, or give the box a larger disk.
mail-per-hour = Mail per hour
memory = Memory
messages-wait-in-the-spool = { $messages } wait in the spool.
nothing-waits-inline = nothing waits
processor = Processor
put-a-new-one-into-the = Put a new one into the files that [tls] of the configuration names; it is read by itself.
put-into-the-dns-put = Put into the DNS: { $put }
refused-title = Refused
self-signed-does-not-expire = self-signed, does not expire
sent-delivered-elsewhere-failed-failed = { $sent } delivered elsewhere, { $failed } failed
service-does-not-run-why = { $service } does not run: { $why }.
sessions-now-sessions = Sessions now: { $sessions }
spam-of-them-junk-refused-refused = { $spam } of them junk, { $refused } refused
start-it-again = Start it again.
the-certificate-ends-in-days = The certificate ends in { $days }.
the-certificate-has-ended = The certificate has ended.
the-disk-is-full = The disk is full.
the-last-24-hours-and-this = The last 24 hours, and this moment.
the-record-record-of-domain-is = The { $record } record of { $domain } is missing or wrong.
this-server = This server
to-do = To do
to-mailboxes-here = To mailboxes here
to-other-servers = To other servers
until-ends-days-left = until { $ends }, { $days } left
used-space-of-the-disk-percent = Used space of the disk, percent
volume = Volume
wait-for-delivery = wait for delivery

## Page: domains

add-domain = Add domain
add-the-domain-whose-mail-this = Add the domain whose mail this box is to keep.
check-the-dns = Check the DNS
dns-of-name = DNS of { $name }
domains-whose-mail-is-kept-here = Domains whose mail is kept here.
empty-mail-for-unknown-names-is = Empty: mail for unknown names is refused.
found = Found:
goes-to = Goes to
keys = keys
keys-are-made-publish-their-records = Keys are made. Publish their records before they sign.
mail-for-unknown-names = Mail for unknown names
make = Make
name-is-removed = { $name } is removed.
new-domain = New domain
new-keys = new keys
no-domain-yet = No domain yet
no-such-domain = No such domain
none-mail-of-this-domain-goes = None: mail of this domain goes out without a signature, and many servers take it for spam.
optional = Optional
put = Put:
refused = refused
remove-its-users-aliases-and-shared = Remove its users, aliases and shared mailboxes first.
remove-the-domain-name-and-its = Remove the domain { $name } and its keys?
remove-this-domain = Remove this domain
retired = Retired
right = Right
show-all-domains = Show all domains
sign-with-the-new-keys = Sign with the new keys
sign-with-the-new-keys-their = Sign with the new keys? Their records must be in the DNS.
signing-keys-dkim = Signing keys (DKIM)
signs = Signs
the-domain-is-added-make-keys = The domain is added. Make keys, then see what the DNS needs.
the-new-keys-sign-from-now = The new keys sign from now on.
there-is-no-domain-name = there is no domain { $name }
txt-record-of = TXT record of
waits = Waits
what-it-means = What it means
what-the-dns-says-now-and = What the DNS says now, and what it should say.
wrong = Wrong

## Page: inactive

choose-user = Choose { $user }
delete-the-chosen-users-and-all = Delete the chosen users and all their mail for good?
everybody-has-logged-in-within-this = Everybody has logged in within this time, or has an account that is younger.
no = no
no-inactive-user-matches-the-search = No inactive user matches the search.
no-inactive-users = No inactive users
the-chosen-users-and-all-their = The chosen users and all their mail are deleted for good. Delete them?
users-who-have-not-logged-in = Users who have not logged in by any route for so long. The first 30 days of an account do not count.
yes = yes

## Page: indexing

all-users = all users
behind-by = Behind by
done-and-left = Done and left
done-done-left-left = { $done } done, { $left } left
error = Error
in-the-index = In the index
mail-is-found-by-an-index-that = Mail is found by an index that follows every mailbox. It can be stopped and started among the { $link }services{ $end }.
nobody-everything-is-read = nobody: everything is read
processing = Processing
rate = Rate
rate-messages-a-second = { $rate } messages a second
read-again = Read again
the-messages-of-all-users-are = The messages of all users are read again, which may take hours. Until then not all mail is found.
the-messages-of-whose-are-read = The messages of { $whose } are read again.
user-empty-for-all = User (empty for all)
what-came-or-went-just-now = what came or went just now

## Page: logs

address-id-word = address, id, word
all-lines-of-every-session-or = All lines of every session or message that has a hit, of every type.
as-soon-as-the-box-does = As soon as the box does something, its files are here.
begin-again = Begin again
choose-more-days-or-fewer-words-how = Choose more days or fewer words. How much is logged is set under { $link }Levels{ $end }.
day = Day
display-related-traffic = Display related traffic
download-kind-of-day = Download { $kind } of { $day }
earliest-first = Earliest first
files-of-the-log = Files of the log
follow = Follow
following-needs-the-script = Following needs the page's script. { $link }Search{ $end } works without.
latest-first = Latest first
level = Level
level-and-above = { $level } and above
levels = Levels
lines-as-they-are-written = Lines as they are written.
lines-of-the-log = Lines of the log
live = Live
message-inline = message
nothing-has-been-logged-yet = Nothing has been logged yet
nothing-so-far = Nothing so far
nothing-was-logged-that-fits = Nothing was logged that fits
order = Order
search-on = Search on
session = session
show-everything-of-today = Show everything of today
size-on-disk = Size on disk
the-least-that-is-logged-of = The least that is logged of each type. A change counts at once and is kept.
the-levels-count-from-now-on = The levels count from now on.
the-search-has-not-come-to = The search has not come to its end yet.
there-are-more-related-lines-than = There are more related lines than are shown here. Fewer days, or a longer search, show them all.
time = Time
what-happened = What happened
what-levels-are = “debug” tells every connection, which is much; “info” what was done; “warning” and “error” what needs a look.
what-the-box-has-done-times = What the box has done. Times are in your zone, days are those of UTC.
whole-days-as-zip-with-one = Whole days, as .zip with one JSON object a line. Days are those of UTC.

## Page: mail

answer-nobody = Answer nobody
answer-while-away = Answer while away
filter = Filter
filters = Filters
forwarding = Forwarding
in-sieve-rfc-5228-a-filter = In Sieve (RFC 5228). A filter with a fault is not stored.
keep-the-mail-here-too = Keep the mail here too
made-of-the-messages-own-when = Made of the message's own when empty.
mail-is-sent-on-from-now = Mail is sent on from now.
mail-is-sent-on-no-more = Mail is sent on no more.
new-filter = New filter
no-filter-runs = No filter runs.
nobody-is-answered-any-more = Nobody is answered any more.
none-a-filter-is-a-script = None. A filter is a script in Sieve that files, marks or answers mail.
one-address-a-line-none-for = One address a line; none for no forwarding.
remove-the-filter-name = Remove the filter { $name }?
rest = Rest
rests = Rests
run = Run
runs = Runs
same-sender-again-after-days = Same sender again after (days)
save-answer = Save answer
save-forwarding = Save forwarding
script = Script
send-all-mail-on-to = Send all mail on to
senders-are-answered = Senders are answered.
store = Store
the-filter-name-is-removed = The filter { $name } is removed.
the-filter-name-is-stored = The filter { $name } is stored.
the-filter-name-runs = The filter { $name } runs.
what-becomes-of-the-mail-to = What becomes of the mail to { $address } before it is read.

## Page: mailings

a-specific-user = A specific user
all-domain-administrators = All domain administrators
all-users-of-a-domain = All users of a domain
all-users-title = All users
cancel-subject-what-waits-in-the = Cancel { $subject }? What waits in the spool is taken out; what was delivered stays.
cancelled = cancelled
choose-the-message-to-cancel = choose the message to cancel
delivered = Delivered
empty-each-users-own-name = Empty: each user’s own name.
friendly-name-in-to = Friendly name in “To”
nothing-was-sent-yet = Nothing was sent yet
one-message-for-each-user-through = One message for each user, through the spool like any mail, at low priority.
preview = Preview
progress-of-subject = Progress of { $subject }
send = Send
send-reminder = Send reminder
sent = Sent
the-message-goes-to-users = The message goes to { $users }.
the-message-is-cancelled-what-was = The message is cancelled. What was delivered stays where it is.
the-message-is-html = The message is HTML
users-first = { $users }: { $first }
users-first-and-others = { $users }: { $first } and { $others }
what-you-send-shows-up-here = What you send shows up here, with how many were queued, delivered and failed.

## Page: me

a-code-of-your-phone-beside = A code of your phone beside the password, so that the password alone lets nobody in.
all-protocols = All protocols
all-protocols-inline = all protocols
api-token = API token
api-tokens = API tokens
app-password = App password
app-passwords = App passwords
at-from-from = { $at } from { $from }
backup = Backup
browser = Browser
change-password = Change password
choose-a-new-password = Choose a new password
current-password = Current password
ends = Ends
ends-on = Ends on
enter-this-password-in-the-mail = Enter this password in the mail program. It is shown this once; whoever loses it makes a new one.
fetching-by-pop3-and-sending = Fetching by POP3 and sending
filters-only = Filters only
forwarding-answers-while-away-filters = Forwarding, answers while away, filters
i-have-kept-it = I have kept it
last-used = Last used
made = Made
make-a-token = Make a token
make-an-app-password = Make an app password
may-change-things-not-only-read = May change things, not only read
never-when-empty = Never, when empty.
new-password-again = New password again
no-token-yet = None. With a token a program of yours may do by the { $link }API{ $end } what you may do here.
nobody-but-you = Nobody but you
none-an-app-password-is-for = None. An app password is for one mail program: it can be taken away without changing the others.
or-type-this-key = Or type this key: { $key }
password-changed-everywhere-else-you-are = Password changed. Everywhere else you are signed out.
password-so-far = Password so far
passwords-have-to-be-changed-from = Passwords have to be changed from time to time here, and this one is too old. Choose a new one, and enter it in your mail programs as well; until then they are not let in.
phone = Phone
qr-code-of-the-key-below = QR code of the key below
read = read
read-and-change = read and change
reading-by-imap-and-sending = Reading by IMAP and sending
recovery-codes = Recovery codes
remove-the-app-password-name-the = Remove the app password { $name }? The program that uses it is signed out.
remove-the-token-name-what-uses = Remove the token { $name }? What uses it stops working.
rights-of-a = Rights of a
rules-for-mail = Rules for mail
scan-the-picture-with-an-authenticator = Scan the picture with an authenticator app, then enter the code that it shows.
second-factor = Second factor
send-it-with-each-request-authorization = Send it with each request: Authorization: Bearer, then the token. It is shown this once.
sending-only = Sending only
set-second-factor = Set second factor
set-since-since-recovery-codes-left = Set since { $since }; { $recovery-codes } left. Mail programs need app passwords.
set-up = Set up
set-up-a-second-factor = Set up a second factor
sign-out-everywhere-else = Sign out everywhere else
the-app-password-is-removed = The app password is removed.
the-second-factor-is-set-keep = The second factor is set. Keep these recovery codes where you find them without your device: each lets you in once. Mail programs need app passwords from now on.
the-token-is-removed = The token is removed.
the-two-new-passwords-are-not = The two new passwords are not the same.
this-one = This one
unknown-inline = unknown
what-administrators-and-others-to-whom = What administrators, and others to whom you gave rights, did with your mailbox, your messages and your account. The last 30 days, the latest first.
when-somebody-else-opens-your-mailbox = When somebody else opens your mailbox or a message of yours, or changes something on your account, it shows up here.
where-you-are-signed-in = Where you are signed in
who-opened-my-mailbox = Who opened my mailbox
without-a-second-factor-the-password = Without a second factor the password alone lets you in, and mail programs take it again.

## Page: networks

actions-on-the-chosen-networks = Actions on the chosen networks
add-an-address-or-a-network-above = Add an address or a network above, or blacklist one from the { $link }current connections{ $end }.
add-the-networks-whose-users-must = Add the networks whose users must never be shut out: an office, a monitor.
added = Added
address-or-network = Address or network
allowlist = allowlist
allowlist-title = Allowlist
blacklist-inline = blacklist
choose-network = Choose { $network }
for-good = for good
network = Network
network-is-on-the-list = { $network } is on the { $list }.
network-is-on-the-list-connections = { $network } is on the { $list }; { $connections } from there dropped.
network-or-note = Network or note
networks-taken-off-the-list = { $networks } taken off the { $list }.
no-rule-shuts-out-an-address = No rule shuts out an address of these networks.
nobody-gets-in-from-these-networks = Nobody gets in from these networks, by no protocol.
nothing-matches-the-search = Nothing matches the search
the-list-is-empty = The list is empty
until-the-end-of-empty-for = Until the end of (empty: for good)

## Page: online

disable-the-chosen-users-they-cannot = Disable the chosen users? They cannot log in by any route until enabled again.
disable-user = Disable user
drop-connections = Drop connections
end-session = End session
end-the-service-session-id = End the { $service } session { $id }
no-tls = no TLS
no-user-who-is-online-matches = No user who is online matches the search.
nobody-is-online = Nobody is online
nobody-of-the-chosen-users-can = Nobody of the chosen users can log in by any route until enabled again. Disable them?
sessions = Sessions
the-first-sessions = The first { $shown }. Search the { $link }current connections{ $end } for all of them.
the-session-is-ended = The session is ended.
users-disabled-and-the-connections-ended = { $users } disabled, and the connections ended.
users-show-up-here-as-soon = Users show up here as soon as they log in with a mail client.
users-who-are-connected-now-with = Users who are connected now, with the number of connections for each protocol. Open a row to see the sessions.

## Page: passwords

a-capital-letter = a capital letter
a-number = a number
a-policy-for-one-domain = A policy for one domain
a-small-letter = a small letter
a-symbol = a symbol
all-domains-without-a-policy-of = All domains without a policy of their own
be-a-common-password = be a common password
do-not-comply = Do not comply
expires-after-months-0-never = Expires after months (0: never)
former-passwords-that-are-refused = Former passwords that are refused
give-it-its-own = Give it its own
hold-the-users-name = hold the user's name
it-begins-without-any-requirement = It begins without any requirement.
it-must-not = It must not
it-needs = It needs
minimum-length = Minimum length
nobody-is-in-this-list = Nobody is in this list
nobodys-password-falls-short = Nobody's password falls short
only-a-system-administrator-may-change = only a system administrator may change the policy of the box
please-change-your-password = Please change your password
send-email-to-the-chosen-users = Send email to the chosen users
the-policy-counts-from-now-on = The policy counts from now on.
to-be-changed-by = To be changed by
until-then-the-policy-of-the = Until then the policy of the box counts.
use-the-policy-of-the-box = Use the policy of the box
users-written-to = { $users } written to.
what-a-new-password-has-to-be = What a new password has to be like. Passwords that are in use are judged when their owners log in; { $link }Compliance{ $end } lists those that fall short.
what-is-violated = What is violated
what-passwords-have-to-be-like-is = What passwords have to be like is set under { $link }Password policy{ $end }.
whose-passwords-do-not-comply-with-the = Whose passwords do not comply with the { $link }policy{ $end }. A password is known only when it is set or used: until then its standing is unknown.
your-password-does-not-comply =
    Your password does not comply with the password policy of this mail server.

    Please choose a new one: sign in to the console with your address and password, open “My mailbox”, and change it there. Afterwards enter the new password in your mail programs as well.

## Page: rules

block-addresses-of-private-networks-too = Block addresses of private networks, too
block-time-minutes = Block time, minutes
holds-tells-you = holds, tells you
nothing-was-changed = Nothing was changed.
private-networks-and-who-is-never-blocked = 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7 and single links. Never blocked are this machine, what is on the { $link }allowlist{ $end }, and the address a system administrator is signed in from.
reset = Reset
reset-title = Reset { $title }
rule-on = On
rules-changed = { $rules } changed.
tells-you = tells you
text-is-no-number-as-rule = { $text } is no number, as { $rule } needs
threshold = Threshold
time-frame-minutes = Time frame, minutes
title-block-time-in-minutes = { $title }: block time in minutes
title-is-on = { $title } is on
title-threshold-in-unit = { $title }: threshold in { $unit }
title-time-frame-in-minutes = { $title }: time frame in minutes
what-is-counted-how-much-of-it = What is counted, how much of it is too much, and what comes of it. A change counts from the next thing that happens; { $link }current blocks{ $end } stay as they are.

## Page: search

attachments = Attachments
best = Best
cc = Cc
download-subject = Download { $subject }
fewer-or-shorter-words-find-more = Fewer or shorter words find more; inv* finds all words that begin so.
from-anna-offer-2026-has-pdf = from:anna "offer 2026" has:pdf newer:1y
newest = Newest
no-subject = (no subject)
nothing-is-found = Nothing is found
oldest = Oldest
only-users-have-mail-to-search = only users have mail to search
received = Received
results = Results
this-cannot-be-looked-for = This cannot be looked for
words-phrases-beginnings-from-anna-subject = Words, “phrases”, beginnings*, from:anna, subject:offer, has:attachment, in:archive, before:2026-03, larger:5m, -is:unread

## Page: services

actions-on-the-chosen-services = Actions on the chosen services
choose-all-services = Choose all services
choose-name = Choose { $name }
each-can-be-stopped-and-started = Each can be stopped and started by itself; the others go on. The choice survives a restart.
listens-on = Listens on
services-started = { $services } started.
services-stopped = { $services } stopped.
start = Start
stop = Stop
stopping-web-ends-this-console-only = Stopping web ends this console. Only the command line can start it again: mailstead service start web. Stop it?
the-web-service-stops-start-it = The web service stops. Start it again on the server: mailstead service start web
what-it-is = What it is

## Page: settings

a-change-counts-applies = A change counts { $applies }.
a-setting-that-is-changed-here = A setting that is changed here counts in place of what the configuration file says, until it is taken back.
as-in-the-file = As in the file
at-once = at once
at-the-next-start-of-the = at the next start of the box
changed-here = Changed here
default-value = Default: { $value }.
in-the-file-value = In the file: { $value }.
it-can-be-changed-only-in = It can be changed only in the configuration file.
name-is-as-in-the-configuration = { $name } is as in the configuration file; it counts { $applies }.
name-is-set-it-counts-applies = { $name } is set; it counts { $applies }.
name-or-what-it-does = Name or what it does
no-setting-fits = No setting fits
nothing-is-changed-here = Nothing is changed here
search-name-or-what-it-does = Search: name or what it does
the-box = The box
the-configuration-file-and-the-defaults = The configuration file and the defaults count for everything else.
when-its-service-starts-the-next = when its service starts the next time

## Page: shared

change = Change
domain-or-mailbox = Domain or mailbox
everything = Everything
make-mailbox = Make mailbox
make-the-first-one-above-then = Make the first one above, then say who may read it.
new-mailbox = New mailbox
no-shared-mailboxes-yet = No shared mailboxes yet
no-such-mailbox = No such mailbox
nobody = nobody
nothing = Nothing
read-file-and-delete = Read, file and delete
read-title = Read
remove-name-and-what-is-in = Remove { $name } and what is in it? This cannot be undone.
rename = Rename
set-rights = Set rights
show-all-shared-mailboxes = Show all shared mailboxes
the-mailbox-is-made-say-who = The mailbox is made. Say who may read it.
the-mailbox-is-removed = The mailbox is removed.
the-mailbox-is-renamed = The mailbox is renamed.
the-rights-are-set = The rights are set.
they-belong-to-a-domain-their = They belong to a domain; their users find them beside their own.
user-or-anyone = User, or anyone
who-may-do-what = Who may do what

## Page: spool

act-cannot-be-done-with-messages = { $act } cannot be done with messages
actions-on-messages = Actions on messages
all-messages = All messages
as-it-will-be-sent = As it will be sent.
attempts = Attempts
attempts-the-next-one-next-attempt = { $attempts }; the next one { $next-attempt }
back-to-the-message = Back to the message
back-to-the-spool = Back to the spool
came = Came
can-be-put-back-until = Can be put back until
choose-all-messages = Choose all messages
deleted = Deleted
deleted-from-the-spool = Deleted from the spool
deleted-messages-stay-here-for-ten = Deleted messages stay here for ten minutes.
delivering = Delivering
due = Due
force = Force
held = Held
high = High
in-spool = In spool
last-answer = Last answer
low = Low
mail-that-comes-in-or-is = Mail that comes in or is sent stays here until every recipient has it. What cannot be delivered at once shows up by itself.
message-with-id = Message { $id }
messages-deleted-for-ten-minutes-this = { $messages } deleted. For ten minutes this can be undone.
messages-forced-the-next-attempt-is = { $messages } forced: the next attempt is now.
messages-put-back-into-the-spool = { $messages } put back into the spool.
messages-set-to-priority-priority = { $messages } set to { $priority } priority.
next-attempt = Next attempt
no-message-of-such-a-sender = No message of such a sender
none-yet = none yet
normal = Normal
nothing-could-be-put-back-ten = Nothing could be put back: ten minutes have gone by, or it is back already.
nothing-waits = Nothing waits
nothing-was-deleted-lately = Nothing was deleted lately
notification = (notification)
priority = Priority
put-back = Put back
queue = Queue
recently-deleted = Recently deleted
recipients-delivered-of-recipients-have-it = Recipients: { $delivered } of { $recipients } have it
refresh = Refresh
reset-retries = Reset retries
reset-retries-of-all-messages = Reset retries of all messages
retries-of-messages-reset = Retries of { $messages } reset.
senders-are-searched-by-any-part = Senders are searched by any part of their address.
server = Server
show-all-messages = Show all messages
still-to-go-to-remaining = still to go to { $remaining }
text-of-message-id = Text of message { $id }
the-delivery-of-every-message-starts = The delivery of every message starts over: no attempt made, and all the time of the calendar left.
this-box = this box
view-text = View text
views = Views
waiting = Waiting
waiting-to-deliver = Waiting to deliver
what-was-deleted-within-the-last = What was deleted within the last ten minutes can be put back as it was.

## Page: trace

message-id = Message-ID
message-id-or-id-here = Message-ID, or id here
message-in-the-spool = { $link }{ $id }{ $end }, in the spool
parts-of-an-address-or-subject = Parts of an address or subject are enough. Without a first day the last seven days are looked through.
the-log-tells-of-no-such = The log tells of no such message
the-whole-session-in-the-log = The whole session in the log
there-may-be-more-messages-that = There may be more messages that fit. Say more of the one that is looked for, or choose fewer days.
where-is-this-mail-from-the = Where is this mail? From the session that brought it to the mailbox or the other server, with every check, verdict, attempt and answer.

## Page: users

a-second-factor-is-set-since = A second factor is set since { $since }.
add-a-domain-first-then-the = Add a domain first, then the people who have mail in it.
add-a-user = Add a user
add-user = Add user
address-is-added = { $address } is added.
address-or-name = Address or name
delete-users-and-all-their-mail = Delete { $users } and all their mail? This cannot be undone.
disabled = Disabled
domain-administrator = Domain administrator
end-all-sessions = End all sessions
everybody-who-has-a-mailbox-here = Everybody who has a mailbox here.
in-bytes-or-like-2g-without = In bytes, or like 2G. Without limit, when empty.
is-without-limit = 0 is without limit.
login = Login
may-log-in = May log in
messages-at-most = Messages at most
new-user = New user
no-second-factor-is-set = No second factor is set.
no-such-user = No such user
no-users-yet = No users yet
quota = Quota
remove-second-factor = Remove second factor
remove-the-second-factor-the-password = Remove the second factor? The password alone lets the user in then.
role = Role
sessions-and-second-factor = Sessions and second factor
set-password = Set password
set-the-password-of-address-all = Set the password of { $address }? All sessions end.
show-all-users = Show all users
text-is-not-a-size-write = { $text } is not a size; write it like 500M or 2G
the-mailbox-is-there-at-once = The mailbox is there at once.
the-number-of-messages-is-a = the number of messages is a number; 0 is without limit
the-password-is-set-all-sessions = The password is set; all sessions ended.
users-are-searched-by-any-part = Users are searched by any part of their address or name.
users-deleted = { $users } deleted.
users-disabled = { $users } disabled.
users-enabled = { $users } enabled.
who-may-not-still-receives-mail = Who may not still receives mail.
without-limit-when-empty = Without limit, when empty.

## The services

service-imap = Mailboxes, encrypted by STARTTLS
service-imaps = Mailboxes, encrypted from the start
service-indexing = The index of messages, so that they are found
service-pop3 = Fetching mail, encrypted by STLS
service-pop3s = Fetching mail, encrypted from the start
service-reports = Daily reports to other domains about DMARC and TLS
service-sieve = Rules for mail, edited by ManageSieve
service-smtp = Mail from other servers
service-spool = Delivery of what has been accepted
service-submission = Mail from users, encrypted by STARTTLS
service-submissions = Mail from users, encrypted from the start
service-web = Console and API over HTTP

## The words of the API for states

state-a-common-one = a common one
state-complies = complies
state-delivered = delivered
state-done = done
state-failed = failed
state-pending = pending
state-running = running
state-too-old = too old
state-too-short = too short
state-unknown = unknown
state-used-before = used before
state-violates = violates
state-with-the-user-name-in-it = with the user name in it
state-without-a-capital-letter = without a capital letter
state-without-a-number = without a number
state-without-a-small-letter = without a small letter
state-without-a-symbol = without a symbol
