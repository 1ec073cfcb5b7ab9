### Deutsch. Nur Text, { $variablen } und Auswahl: siehe das Crate languages.

## Grammatik

list-pair = { $first } und { $second }
list-more = { $first }, { $second }
list-rest = { $count } weitere
decimal-point = ,
span-days = { $count } { $count ->
    [one] Tag
   *[other] Tage
}
span-hours = { $count } { $count ->
    [one] Stunde
   *[other] Stunden
}
span-minutes = { $count } { $count ->
    [one] Minute
   *[other] Minuten
}
span-seconds = { $count } { $count ->
    [one] Sekunde
   *[other] Sekunden
}
span-pair = { $first } { $second }
span-nothing = keine Zeit
month = { $number ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
date = { $day }. { $month } { $year }
time-of-day = { $hour }:{ $minute }
moment = { $date }, { $time } Uhr ({ $zone })

## Jede Seite

window-title = { $page } – { $brand }
window-title-with-problem = Problem: { $page } – { $brand }
signed-in-as = Angemeldet als { $name } ({ $user })
problem-too-many-attempts = Zu viele Versuche. Versuchen Sie es in { $wait } noch einmal.

## Anmelden

sign-in-title = Anmelden
sign-in-lead = Melden Sie sich an, um mit { $client } fortzufahren.
sign-in-lead-alone = Melden Sie sich bei Ihrem Konto an.
sign-in-lead-approval = Melden Sie sich an, um zu sehen, was auf Ihre Antwort wartet.
sign-in-again = { $client } bittet Sie, sich noch einmal anzumelden, um sicher zu sein, dass Sie es sind.
user-name = Benutzername
password = Passwort
sign-in-button = Anmelden
problem-wrong-user-name-or-password = Der Benutzername oder das Passwort stimmt nicht.
sign-in-with-passkey = Passkey benutzen
sign-in-takes-passkey = Dafür braucht es einen Passkey. Haben Sie keinen, richten Sie ihn zuerst auf der Seite Ihres Kontos ein, oder fragen Sie, wer sich um Ihr Konto kümmert.
problem-passkey-refused = Mit diesem Passkey ging die Anmeldung nicht. Versuchen Sie einen anderen oder einen anderen Weg.
problem-passkey-too-late = Das hat zu lange gedauert. Bitte versuchen Sie es noch einmal.
problem-passkey-copied = Dieser Passkey wurde abgelehnt: Es gibt vielleicht eine Kopie davon. Melden Sie sich anders an und entfernen Sie ihn. Haben Sie keinen anderen Weg, fragen Sie, wer sich um Ihr Konto kümmert.
passkey-needs-script = Passkeys brauchen JavaScript, das in diesem Browser ausgeschaltet ist.
passkey-unsupported = Dieser Browser kennt keine Passkeys.
passkey-failed = Daraus wurde nichts: Es wurde abgebrochen, hat zu lange gedauert, oder es gibt hier keinen Passkey für diese Seite.

## Einwilligung

consent-title = { $client } bittet um Zugriff
consent-client-id = Client-Kennung { $id }
consent-returns-to = Sie kehren zurück zu { $host }
consent-not-vouched-for = Niemand bürgt für diesen Client
consent-not-vouched-for-explained = Er hat seinen Namen selbst gewählt, und niemand hier hat geprüft, wer dahintersteckt. Fahren Sie nur fort, wenn Sie ihn gerade selbst gestartet haben.
consent-on-this-machine = Er wartet auf diesem Gerät auf die Antwort. Jedes Programm hier kann sich für ihn ausgeben.
consent-switch = Nicht Sie?
consent-switch-explained = Als jemand anderes anmelden
consent-purpose = Der Agent sagt:
consent-purpose-note = Das sind die eigenen Worte des Agenten. Niemand hat sie geprüft.
consent-choose = Wählen Sie, was Sie erlauben
consent-nothing-to-choose = Darum wird gebeten
consent-scopes = Zu Ihnen und zur Arbeitsweise
consent-exact = Genaue Anfrage
consent-item = , Punkt { $number }
consent-not-yours = Das können Sie nicht erlauben: Sie haben es selbst nicht
consent-always = Gehört immer dazu
consent-lifetime = Wie lange
consent-once = Jedes Token gilt { $span }, danach endet der Zugriff.
consent-renewable = Jedes Token gilt { $span }. Der Agent kann es erneuern bis { $until }.
consent-remember = Für genau das nicht noch einmal fragen
consent-approve = Erlauben
consent-deny = Ablehnen
problem-nothing-chosen = Es ist nichts ausgewählt. Wählen Sie mindestens einen Punkt, oder lehnen Sie ab.
scope-openid = Wissen, wer Sie sind, wenn Sie sich anmelden
scope-profile = Ihren Namen und Ihr Profil sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Postanschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-groups = Sehen, zu welchen Gruppen Sie gehören
scope-devices = Diesem Telefon sagen, dass ein Agent Sie etwas fragt
scope-offline_access = Weiterarbeiten, während Sie nicht da sind
scope-described = { $description }
scope-unknown = Die Berechtigung { $scope } nutzen

## Freigabe

countersign-title = Unterschreiben Sie, was { $client } darf
countersign-lead = Das ist alles. Lesen Sie es, dann unterschreiben Sie mit Ihrem Passkey: Er gilt für genau diese Worte.
countersign-allowed = Sie erlauben
countersign-not-allowed = Sie erlauben nicht
countersign-at = Bei
countersign-tool = { $tool } ({ $resource })
countersign-shown = Ihnen gezeigt
countersign-number = Gewählte Zahl
countersign-sign = Mit Passkey zustimmen
countersign-explained = Was Sie hier lesen, wird mit Ihrer Unterschrift aufbewahrt. So lässt sich später prüfen, wozu Sie zugestimmt haben.
problem-countersign-too-late = Das hat zu lange gedauert, oder die Anfrage hat sich geändert. Es ist nichts entschieden. Lesen Sie noch einmal und stimmen Sie erneut zu.
problem-countersign-no-passkey = Dafür brauchen Sie einen Passkey, und Sie haben keinen. Es ist nichts entschieden. Legen Sie auf Ihrer Kontoseite einen an und kommen Sie wieder.
problem-countersign-other-text = Gesendet wurde nicht das, was Ihnen gezeigt wurde. Es ist nichts entschieden. Lesen Sie noch einmal und stimmen Sie erneut zu.
problem-countersign-not-verified = Ihr Gerät hat nicht geprüft, dass Sie es sind. Es ist nichts entschieden. Verwenden Sie Fingerabdruck, Gesicht oder PIN.
problem-countersign-not-theirs = Das ist kein Passkey Ihres Kontos, oder nicht mehr. Es ist nichts entschieden. Verwenden Sie einen anderen.
problem-countersign-copied = Dieser Passkey wurde abgelehnt: Vielleicht gibt es eine Kopie davon. Es ist nichts entschieden. Entfernen Sie ihn auf Ihrer Kontoseite und verwenden Sie einen anderen.
problem-countersign-refused = Die Antwort Ihres Geräts war nicht gültig. Es ist nichts entschieden. Versuchen Sie es noch einmal.
approval-title = { $client } bittet um Ihre Freigabe
approval-lead = Erlauben Sie nur, was Sie selbst gerade einem Agenten aufgetragen haben.
approval-compare = Vergleichen Sie es mit dem, was der Agent Ihnen zeigt
approval-compare-explained = Lehnen Sie ab, wenn der Agent etwas anderes zeigt oder wenn Sie gar keinen Agenten sehen.
approval-nothing-to-compare = Der Agent gibt Ihnen nichts zum Vergleichen. Lehnen Sie ab, wenn Sie nicht sicher sind, woher das kommt.
approval-waits = { $client } hat hier angehalten und wartet auf Sie: Mit Ihrem Ja geschieht genau das, einmal, und ohne es nichts. Lehnen Sie ab, wenn Sie nichts dergleichen in Gang gesetzt haben.
approval-through = Ihr Auftrag kam hierher durch { $clients }.
approval-in-whose-name = Im Namen von
approval-person = { $name } ({ $user })
approval-asked = Gefragt
approval-until = Antwort bis
approval-actor = { $actor } ({ $id }) würde in Ihrem Namen handeln. { $client } gibt die Anfrage weiter.
approval-number = Welche Zahl zeigt der Agent Ihnen?
approval-number-explained = Wählen Sie sie, um zu erlauben. Jede andere Zahl lehnt die Anfrage ab.
problem-number-not-picked = Wählen Sie die Zahl, die der Agent Ihnen zeigt, oder lehnen Sie ab.
approval-not-me = Das war ich nicht
approval-not-me-explained = Lehnt ab, und dieser Agent kann Sie nicht wieder fragen, bis Sie es auf Ihrer Kontoseite erlauben.
problem-answer-not-taken = Ihre Antwort ist nicht angekommen, und noch ist nichts entschieden. Bitte antworten Sie noch einmal.
waiting-title = Was auf Ihre Antwort wartet
waiting-nothing = Nichts wartet auf Ihre Antwort.
waiting-until = Bis { $until }
decided-approved = Sie haben es erlaubt
decided-approved-explained = { $client } erfährt es jetzt und darf dies tun:
decided-denied = Sie haben es abgelehnt
decided-denied-explained = { $client } erfährt, dass Sie Nein gesagt haben, und bekommt nichts.
decided-blocked = Sie haben es abgelehnt und den Agenten gesperrt
decided-blocked-explained = { $client } erfährt, dass Sie Nein gesagt haben, und kann Sie nicht wieder fragen, bis Sie es auf Ihrer Kontoseite erlauben. Sagen Sie es den Betreibern dieses Dienstes: Vielleicht hat jemand Ihren Namen benutzt.
decided-wrong-number = Das wurde nicht erlaubt
decided-wrong-number-explained = Die Zahl, die Sie gewählt haben, ist nicht die, die der Agent zeigt. Deshalb bekommt { $client } nichts. Wenn Sie das selbst begonnen haben, lassen Sie den Agenten noch einmal fragen. Wenn nicht, war es jemand anderes.
decided-over = Sie haben es erlaubt, und es ist vorbei
decided-over-explained = { $client } kann damit nichts mehr tun.
decided-gone = Hier ist nichts mehr zu entscheiden
decided-gone-explained = Für diese Anfrage kann { $client } nichts mehr bekommen. Was auch immer Sie geantwortet hätten: Niemand bekommt etwas.
decided-another-waits = Eine weitere Anfrage wartet auf Ihre Antwort.
decided-next = Nächste Anfrage
decided-close = Sie können diese Seite schließen.
to-account = Ihr Konto

## Fehler

error-request-is-wrong = Diese Anfrage lässt sich nicht beantworten
error-request-is-wrong-explained = Die Anwendung, die Sie hierher geschickt hat, hat falsch gefragt. Sie selbst können nichts dagegen tun, aber ihre Entwickler.
error-client-is-unknown = Diese Anwendung ist hier nicht bekannt
error-client-is-unknown-explained = Die Anwendung, die Sie hierher geschickt hat, ist nicht registriert oder darf nicht mehr benutzt werden.
error-return-is-unknown = Dorthin schicken wir Sie nicht
error-return-is-unknown-explained = Die Anwendung will Sie an eine Adresse schicken, die für sie nicht registriert ist. Das kann ein Versehen sein oder ein Versuch, Ihre Anmeldung zu stehlen. Es wurde nichts weitergegeben.
error-interaction-is-over = Diese Seite gilt nicht mehr
error-interaction-is-over-explained = Sie war zu lange offen, ist schon erledigt oder gehört zu einem anderen Browser. Gehen Sie zurück zur Anwendung und beginnen Sie von vorn.
error-form-is-foreign = Dieses Formular kam nicht von unserer Seite
error-form-is-foreign-explained = Zu Ihrer Sicherheit wurde nichts getan. Gehen Sie zurück, laden Sie die Seite neu und senden Sie das Formular noch einmal. Cookies müssen erlaubt sein.
error-not-allowed = Das dürfen Sie nicht
error-not-allowed-explained = Ihr Konto hat kein Recht dazu. Mehr wissen die Betreiber dieses Dienstes.
error-no-such-page = Diese Seite gibt es nicht
error-no-such-page-explained = Vielleicht ist die Adresse vertippt, oder die Seite gibt es nicht mehr.
error-nothing-to-decide = Hier gibt es für Sie nichts zu entscheiden
error-nothing-to-decide-explained = Eine solche Anfrage gibt es nicht, sie ist längst vorbei, oder sie gilt jemand anderem. Sehen Sie nach, ob Sie mit dem richtigen Konto angemeldet sind.
error-decided-before = Das ist schon entschieden
error-decided-before-explained = Über eine Anfrage wird einmal entschieden. Jetzt hat sich nichts geändert.
error-request-expired = Diese Anfrage ist abgelaufen
error-request-expired-explained = Sie wurde nicht rechtzeitig beantwortet, also hat der Agent nichts bekommen. Wenn er weitermachen soll, lassen Sie ihn noch einmal fragen.
error-unavailable = Gerade nicht, bitte noch einmal versuchen
error-unavailable-explained = Etwas, das wir brauchen, antwortet im Moment nicht. Versuchen Sie es in einer Minute noch einmal.
error-broken = Bei uns ist etwas schiefgegangen
error-broken-explained = Es ist aufgezeichnet. Versuchen Sie es noch einmal. Wenn es wieder geschieht, sagen Sie es den Betreibern dieses Dienstes.
error-for-developers = Für die Entwickler
error-code = Fehlercode { $code }
error-catalogue = Was dieser Fehler bedeutet
error-request = Anfrage { $request }
error-quote-request = Nennen Sie diese Nummer, wenn Sie um Hilfe bitten.

## Fehlerverzeichnis

catalogue-title = Fehlerverzeichnis
catalogue-lead = Jeder Fehler, mit dem dieser Server antwortet, warum er kommt und was zu tun ist. Die Erklärungen sind englisch.
catalogue-code = Fehlercode
catalogue-status = HTTP-Status
catalogue-why = Warum er kommt
catalogue-what-to-do = Was zu tun ist
catalogue-all = Alle Fehler

## Passwort ändern

password-title = Passwort ändern
current-password = Aktuelles Passwort
new-password = Neues Passwort
new-password-again = Neues Passwort noch einmal
password-rule = Mindestens { $least } Zeichen. Ein paar Wörter, die Sie sich merken können, sind besser als ein kurzes Rätsel.
password-button = Passwort ändern
problem-current-password-is-wrong = Das aktuelle Passwort stimmt nicht.
problem-password-is-too-short = Das neue Passwort ist zu kurz: Es braucht mindestens { $least } Zeichen.
problem-password-is-too-long = Das neue Passwort ist zu lang.
problem-password-is-too-common = Das neue Passwort ist zu leicht zu erraten.
problem-password-is-unchanged = Das neue Passwort ist dasselbe wie das aktuelle.
problem-repetition-differs = Die beiden Eingaben des neuen Passworts sind verschieden.
back-to-account = Zurück zu Ihrem Konto

## Konto

account-title = Ihr Konto
account-requests = Anfragen von Agenten
account-requests-explained = Ein Agent, der Ihre Freigabe braucht, fragt hier, während Sie woanders sind.
account-see-requests = Anfragen ansehen
account-agents = Ihre Agenten
account-agents-explained = Was Agenten in Ihrem Namen dürfen, was Werkzeuge für sie getan haben, und wie Sie es beenden.
account-see-agents = Agenten ansehen
account-invitations = Einen Agenten einladen
account-invitations-explained = Ein Agent, vor dem Sie stehen oder mit dem Sie sprechen, kennt Sie nicht. Mit einem Code von Ihnen darf er Sie fragen, einmal.
account-invite = Code erstellen
account-user-code = Code für Agenten
account-user-code-explained = Agenten, die ihn vorzeigen müssen, können Sie nur fragen, wenn sie ihn von Ihnen haben.
account-set-user-code = Festlegen oder ändern
account-devices = Telefon, Nachrichten und Ruhezeiten
account-devices-explained = Wo Sie erfahren, dass ein Agent Sie etwas fragt, und wann nicht.
account-see-devices = Geräte ansehen
account-passkeys = Passkeys
account-passkeys-explained = Melden Sie sich mit Fingerabdruck, Gesicht oder PIN an, ohne etwas einzutippen.
account-see-passkeys = Passkeys ansehen
account-password = Passwort
account-password-explained = Ändern Sie es, sobald Sie glauben, dass jemand anderes es kennen könnte.
account-change-password = Passwort ändern
account-remembered = Gemerkte Einwilligungen
account-remembered-explained = Sie werden nicht noch einmal gefragt, wenn einer dieser Clients genau dasselbe möchte. Vergessen wir eine Einwilligung, so werden Sie beim nächsten Mal gefragt; Zugriff, der schon gegeben wurde, bleibt bestehen.
account-nothing-remembered = Nichts ist gemerkt: Sie werden jedes Mal gefragt.
account-remembered-time = Seit { $since }, bis { $until }
account-forget = Vergessen
account-blocked = Gesperrte Agenten
account-blocked-explained = Sie haben von einer Anfrage gesagt, dass Sie es nicht waren. Diese Agenten können Sie nichts fragen.
account-unblock = Wieder erlauben
account-sign-out = Abmelden
notice-password-changed = Ihr Passwort wurde geändert.
notice-consent-forgotten = Die Einwilligung ist vergessen: Sie werden wieder gefragt.
notice-block-lifted = Der Agent darf Sie wieder fragen.
notice-user-code-set = Ihr Code für Agenten ist festgelegt. Ein früherer gilt nicht mehr.
notice-user-code-removed = Sie haben keinen Code für Agenten mehr.
signed-out-title = Sie sind abgemeldet
signed-out-explained = An einem Rechner, den auch andere benutzen, schließen Sie außerdem die Fenster des Browsers.
signed-out-sign-in = Wieder anmelden

## Einladung

invite-title = Einen Agenten einladen
invite-lead = Sie bekommen einen kurzen Code für den Agenten, vor dem Sie stehen oder mit dem Sie sprechen. Damit darf er Sie einmal fragen, innerhalb von { $span }. Sie sehen dann, worum er bittet, und entscheiden.
invite-agent = Welcher Agent Sie fragen darf
invite-choose = Agenten wählen
invite-named = { $client } ({ $id })
invite-any = Jeder Agent, der hier registriert ist
invite-nobody = Hier ist kein Agent registriert, der Menschen fragt.
invite-button = Code erstellen
problem-no-agent-chosen = Wählen Sie einen der Agenten aus der Liste.
problem-agent-is-blocked = Sie haben diesen Agenten gesperrt. Erlauben Sie ihn zuerst wieder auf Ihrer Kontoseite.
problem-agent-is-off = Dieser Agent ist im Moment abgeschaltet.
problem-too-many-invitations = Sie haben in kurzer Zeit viele Codes erstellt. Den nächsten können Sie in { $wait } erstellen.
invitation-title = Ihr Code
invitation-for = Nur für { $client }
invitation-for-any = Für jeden Agenten, der hier registriert ist
invitation-give = Sagen Sie ihn, tippen Sie ihn ein, oder lassen Sie ihn vom Agenten lesen
invitation-picture = Derselbe Code als Bild zum Einlesen
invitation-until = Er gilt einmal, bis { $until }
invitation-caution = Geben Sie ihn niemandem sonst: Andere könnten Sie anstelle des Agenten fragen, den Sie meinen.
invitation-next = Worum der Agent bittet, wartet dann auf Ihre Antwort.
invitation-another = Noch einen Code erstellen

## Geräte

devices-title = Ihre Geräte
devices-lead = Wenn ein Agent Sie etwas fragt, erfahren Sie es auf dem ersten dieser Geräte, das zu erreichen ist.
devices-own = Wo Sie es erfahren
devices-none = Sie haben noch kein Gerät. Was Agenten fragen, wartet auf Ihrer Seite, bis Sie nachsehen.
devices-order = Das erste, das zu erreichen ist, bekommt die Nachricht, und kein anderes. Nach einer Mail bekommt auch das nächste sie: Ob eine Mail ankommt, weiß niemand.
devices-add-sms = Telefonnummer hinzufügen
devices-add-email = E-Mail-Adresse hinzufügen
device-push = App auf einem Telefon
device-sms = SMS an { $place }
device-email = E-Mail an { $place }
device-name = Name, etwa „Mein Telefon“
device-number = Telefonnummer
device-number-rule = Mit + und der Vorwahl des Landes, etwa +49 151 12345678.
device-address = E-Mail-Adresse
device-send-link = Link zum Bestätigen senden
device-send-mail = Mail zum Bestätigen senden
device-waits-for-link = Noch nicht benutzt: Öffnen Sie den Link, der dorthin gesendet wurde, und melden Sie sich dort selbst an.
device-waits-for-addressee = Noch nicht benutzt: Folgen Sie dem Link „Confirm subscription“ in der Mail von Amazon Web Services, kommen Sie dann zurück und drücken Sie den Knopf.
device-check = Ich habe es bestätigt
device-earlier = Früher benachrichtigen
device-later = Später benachrichtigen
device-remove = Entfernen
device-rename = Umbenennen
device-keep-name = Namen behalten
quiet-hours = Ruhezeiten
quiet-hours-explained = In der Nacht etwa: Anfragen warten dann auf Ihrer Seite, und nichts klingelt. Nur was Ihr Unternehmen dringend nennt, erfahren Sie trotzdem.
quiet-hours-are = Jeden Tag von { $from } bis { $to } ({ $zone })
quiet-hours-from = Von
quiet-hours-to = Bis
quiet-hours-zone = Zeitzone
quiet-hours-zone-rule = Etwa Europe/Berlin oder America/New_York.
quiet-hours-set = Ruhezeiten festlegen
quiet-hours-end = Keine Ruhezeiten
notice-link-sent = Ein Link wurde gesendet. Öffnen Sie ihn innerhalb von 15 Minuten.
notice-addressee-asked = Eine Mail wurde gesendet, die um Bestätigung bittet.
notice-device-confirmed = Das Gerät ist bestätigt. Von nun an erfahren Sie es dort.
notice-device-changed = Ihre Änderung ist gemacht.
notice-device-removed = Das Gerät wurde entfernt.
notice-quiet-hours-set = Ihre Ruhezeiten sind festgelegt.
notice-quiet-hours-over = Sie haben keine Ruhezeiten mehr.
problem-number-unusable = Das ist keine Telefonnummer. Schreiben Sie + und die Vorwahl des Landes, dann die Nummer.
problem-number-not-allowed = An Nummern dieses Landes werden keine SMS gesendet.
problem-address-unusable = Das ist keine E-Mail-Adresse.
problem-address-not-allowed = An Adressen dieser Domain werden keine Nachrichten gesendet. Nehmen Sie Ihre Adresse bei der Arbeit.
problem-device-name = Ein Name hat 1 bis { $most } sichtbare Zeichen, in einer Zeile.
problem-too-many-devices = Sie haben so viele Geräte, wie jemand haben kann. Entfernen Sie zuerst eines.
problem-device-is-there = Dieses Gerät haben Sie schon.
problem-too-many-confirmations = Mehrere Geräte sollten sich vor Kurzem bestätigen. Das nächste können Sie in { $wait } hinzufügen.
problem-device-in-use = Diese Adresse geht jetzt nicht: Sie gehört zu einem anderen Konto, oder eine Mail an sie wartet noch auf Antwort. Worauf niemand antwortet, das ist nach drei Tagen vergessen.
problem-device-not-sent = Die Nachricht ließ sich nicht senden. Sehen Sie nach, ob Nummer oder Adresse stimmt, und versuchen Sie es später noch einmal.
problem-addressee-not-agreed = Dem Link in der Mail ist noch niemand gefolgt. Es kann eine Minute dauern, bis das hier bekannt ist.
problem-device-gone = Dieses Gerät gibt es nicht mehr.
problem-hours-unusable = Ruhezeiten brauchen Anfang und Ende, die verschieden sind, jeweils in Stunden und Minuten.
problem-zone-unknown = Diese Zeitzone gibt es nicht. Schreiben Sie sie wie Europe/Berlin.
problem-link-not-good = Dieser Link gilt nicht: Er ist zu alt, ein neuerer wurde gesendet, oder er ist für ein anderes Konto als Ihres.
confirm-device-title = Gerät bestätigen
confirm-device-lead = Von nun an erfahren Sie auf diesem Gerät, wenn ein Agent Sie etwas fragt.
confirm-device-button = Ja, das ist mein Gerät
confirm-device-not-mine = Sie haben nicht darum gebeten? Dann tun Sie nichts: Das Gerät wird nur benutzt, wenn Sie den Knopf drücken.
to-devices = Ihre Geräte
message-confirm-device = Bestätigen Sie, dass Sie das erreicht
message-device-added = Ihrem Konto wurde ein Gerät hinzugefügt. Waren Sie das nicht? Entfernen Sie es.
message-device-removed = Von Ihrem Konto wurde ein Gerät entfernt. Waren Sie das nicht? Ändern Sie Ihr Passwort.
message-quiet-hours = Ihre Ruhezeiten wurden geändert. Waren Sie das nicht? Sehen Sie nach.
message-other-first = Ein anderes Ihrer Geräte wird jetzt zuerst benachrichtigt. Waren Sie das nicht? Sehen Sie nach der Reihenfolge.
message-user-code = Ihr Code für Agenten wurde geändert. Waren Sie das nicht? Ändern Sie, womit Sie sich anmelden.

## Ihre Agenten

agents-title = Ihre Agenten
agents-lead = Was Agenten zurzeit in Ihrem Namen dürfen. Alles davon können Sie beenden.
agents-none = Zurzeit darf kein Agent etwas in Ihrem Namen.
agents-find = Suchen nach
agents-agent = Agent
agents-tool = Werkzeug
agents-any = Alle
agents-search = Suchen
agents-show-all = Alles zeigen
agents-nothing-found = Nichts passt zu Ihrer Suche.
agents-look = Genauer ansehen oder beenden
agents-end-all = Alles dieses Agenten beenden
access-times = Seit { $since }, zuletzt benutzt { $used }, bis { $until }
access-not-fetched = Seit { $since }; noch nicht abgeholt, längstens bis { $until }
access-actor = Damit handelt { $client }.
access-through = Es kommt von dem, was Sie { $client } gegeben haben.
access-cut-short = Mehr, als eine Liste zeigen kann: Sehen Sie es genauer an.
access-title = Was { $client } darf
access-allows = Was erlaubt ist
access-chain = Was damit geschehen ist
access-chain-explained = Ein Werkzeug, das ein anderes braucht, geht in Ihrem Namen zu ihm weiter. Jeder Schritt darf dasselbe wie der über ihm oder weniger.
access-chain-none = Kein Werkzeug ist zu einem anderen weitergegangen.
access-chain-cut-short = Es sind mehr, als gezeigt werden können.
chain-you = Sie
chain-agent = { $client } handelt für Sie
chain-step = { $by } ging weiter zu { $tool }
chain-times = { $times ->
    [one] einmal, { $last }
   *[other] { $times }-mal, zuletzt { $last }
}
access-end = Beenden
end-takes = Werkzeuge, die hier fragen, bevor sie etwas tun, erfahren es sofort. Ein Werkzeug, das Tokens selbst prüft, kann das letzte noch bis zu { $span } lang annehmen.
end-one-look = Das beenden
end-one-title = Das beenden?
end-one-lead = { $client } darf das nicht mehr, und auch kein Werkzeug, zu dem es weiterging. Fragen kann es Sie wieder.
end-one-button = Jetzt beenden
end-agent-title = Alles dieses Agenten beenden?
end-agent-lead = Alles, was { $client } in Ihrem Namen darf, endet, wofür es auch ist, und ebenso, worüber Sie nicht mehr gefragt werden wollten. Ihre anderen Agenten machen weiter. Fragen kann es Sie wieder.
end-agent-button = Jetzt alles von ihm beenden
back-to-agents = Zurück zu Ihren Agenten
signed-look = Was Sie mit einem Passkey unterschrieben haben
signed-title = Was Sie unterschrieben haben
signed-lead = Jede Zustimmung, die Sie mit einem Passkey unterschrieben haben, so wie Sie sie damals gelesen haben. Der Nachweis ist eine Datei, die jeder prüfen kann, auch wenn es diesen Server nicht mehr gibt. Sie enthält alles, was Sie gelesen haben: Bewahren Sie sie dort auf, wo nur Sie herankommen.
signed-none = Sie haben noch nichts mit einem Passkey unterschrieben.
signed-at = Unterschrieben { $at }
signed-save = Nachweis speichern
signed-changed = { $count ->
    [one] Eine Zustimmung kann nicht gezeigt werden, weil verändert wurde, was davon aufbewahrt ist. Sagen Sie es denen, die diesen Server betreiben.
   *[other] { $count } Zustimmungen können nicht gezeigt werden, weil verändert wurde, was davon aufbewahrt ist. Sagen Sie es denen, die diesen Server betreiben.
}
notice-access-ended = Es wurde beendet.
notice-agent-ended = Alles dieses Agenten wurde beendet.
notice-access-gone = So etwas gibt es nicht, oder es ist schon vorbei.

## Passkeys

passkeys-title = Ihre Passkeys
passkeys-lead = Mit einem Passkey melden Sie sich auf dieser Seite an und auf keiner anderen. Ihr Gerät bewahrt ihn auf und gibt ihn auf Ihren Fingerabdruck, Ihr Gesicht oder Ihre PIN hin frei.
passkeys-own = Womit Sie sich anmelden
passkeys-none = Sie haben noch keinen Passkey.
passkey-times = Eingerichtet { $made }, zuletzt benutzt { $used }
passkey-never-used = Eingerichtet { $made }, noch nicht benutzt
passkey-remove = Entfernen
passkeys-add = Passkey hinzufügen
passkey-name = Name, etwa „Mein Telefon“
passkey-register = Passkey einrichten
passkeys-sign-in-again = Noch einmal anmelden
passkeys-sign-in-again-explained = Um einen Passkey hinzuzufügen oder zu entfernen, melden Sie sich noch einmal an: Es müssen Sie selbst sein.
passkeys-full = Sie haben so viele Passkeys, wie jemand haben kann. Entfernen Sie zuerst einen.
passkeys-off = Hier meldet sich niemand mit Passkeys an.
notice-passkey-registered = Der Passkey ist eingerichtet. Von nun an können Sie sich mit ihm anmelden.
notice-passkey-removed = Der Passkey wurde entfernt, und überall sonst sind Sie abgemeldet. Ihr Gerät bietet ihn vielleicht noch an: Löschen Sie ihn auch dort.
problem-passkey-name = Ein Name hat 1 bis { $most } sichtbare Zeichen, in einer Zeile.
problem-passkey-not-registered = Der Passkey wurde nicht eingerichtet: Die Antwort Ihres Geräts war nicht gültig. Versuchen Sie es noch einmal oder mit einem anderen Gerät.
problem-too-many-passkeys = Niemand hat mehr als { $most } Passkeys. Entfernen Sie zuerst einen.
problem-passkey-is-there = Auf diesem Gerät haben Sie schon einen Passkey.
problem-passkey-gone = Diesen Passkey gibt es nicht mehr.
problem-passkey-is-the-last = Ohne diesen Passkey könnten Sie sich nicht mehr anmelden. Richten Sie zuerst einen anderen ein.
message-passkey-registered = Ihrem Konto wurde ein Passkey hinzugefügt. Waren Sie das nicht? Entfernen Sie ihn.
message-passkey-removed = Von Ihrem Konto wurde ein Passkey entfernt. Waren Sie das nicht? Sehen Sie sich Ihr Konto an.
enrol-passkey-title = Passkey einrichten
enrol-passkey-lead = Das ist für das Konto von { $name } ({ $user }). Von nun an melden Sie sich mit dem Passkey an, den Sie hier einrichten.
enrol-passkey-replaces = Alle anderen Passkeys dieses Kontos gelten nicht mehr, sobald Sie diesen eingerichtet haben; Sie werden überall abgemeldet, und was Agenten erlaubt war, endet.
enrol-passkey-not-you = Das sind nicht Sie? Dann schließen Sie diese Seite und sagen Sie es dem, der Ihnen den Link geschickt hat.
enrol-passkey-over = Dieser Link ist nicht gültig.
enrol-passkey-over-explained = Er wurde schon benutzt, ist zu alt, oder es gibt einen neueren. Bitten Sie um einen neuen, wer sich um Ihr Konto kümmert.

## Code für Agenten

user-code-title = Code für Agenten
user-code-lead = Ein Agent, der diesen Code vorzeigen muss, kann Sie nur fragen, wenn er ihn von Ihnen hat. Der Code beweist sonst nichts, und erlauben lässt sich damit nichts.
user-code-is-set = Sie haben einen Code. Er ist so aufbewahrt, dass ihn niemand lesen kann, auch Sie nicht.
user-code-is-not-set = Sie haben noch keinen Code. Agenten, die einen vorzeigen müssen, können Sie nicht fragen.
user-code-password = Ihr Passwort
user-code-sign-in-again-explained = Um den Code festzulegen oder zu entfernen, melden Sie sich noch einmal an: Es müssen Sie selbst sein.
user-code-new = Neuer Code
user-code-rule = { $least } bis { $most } Zeichen. Nehmen Sie nichts, was andere von Ihnen wissen, und nicht Ihr Passwort.
user-code-button = Code festlegen
user-code-remove = Code entfernen
problem-password-is-wrong = Das Passwort stimmt nicht.
problem-user-code-is-unusable = Der Code braucht { $least } bis { $most } sichtbare Zeichen.
problem-user-code-is-the-password = Das ist Ihr Passwort. Nehmen Sie etwas anderes: Agenten bekommen den Code zu sehen.
