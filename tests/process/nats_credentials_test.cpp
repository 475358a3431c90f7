// Who we are, to a server that asks: password, nkey, creds file, TLS; and what is said when it is
// not enough.

#include <sys/stat.h>

#include "tests/process/nats_world.hpp"
#include "tests/process/nkeys.hpp"

using namespace ringrift;
using namespace ringrift::bus;
using namespace ringrift::tests;

namespace {

/// An authority, and a key and a certificate signed by it, in `folder`. False without openssl.
bool make_certificates(const std::string& folder) {
    std::ofstream(folder + "/make.sh") << R"(set -e
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj /CN=ringrift -keyout key.pem -out request.pem
printf 'subjectAltName=IP:127.0.0.1\n' > names
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -keyout other.key -out other.pem
)";
    return std::system(
               ("sh " + folder + "/make.sh " + folder + " > " + folder + "/made 2>&1").c_str()) ==
           0;
}

NatsHealth settled(const NatsSettings& settings) {
    CHECK(problem_of(settings).empty());
    ConnectedLog log(settings, {});
    await(
        [&] {
            return log.log.health().state == NatsState::connected ||
                   log.log.health().sentence.find("correct") != std::string::npos;
        },
        30s);
    return log.log.health();
}

}  // namespace

TEST_CASE("a node is known by its nkey, and a stranger is not") {
    const Nkey key = new_nkey(), other = new_nkey();
    NatsServer server(NatsServer::Options{
        .config = "authorization { users: [ { nkey: " + key.public_key + " } ] }"});
    const TemporaryFolder folder;
    std::ofstream(folder / "seed") << key.seed;
    std::ofstream(folder / "other") << other.seed;
    NatsSettings settings = quick_settings({server.url()});
    settings.nkey = key.public_key;
    settings.nkey_seed_file = folder / "seed";
    const NatsHealth health = settled(settings);
    INFO(health.sentence);
    CHECK(health.state == NatsState::connected);
    settings.nkey = other.public_key;
    settings.nkey_seed_file = folder / "other";
    CHECK(settled(settings).state == NatsState::bad_credentials);
}

TEST_CASE("a node is known by its creds file where an operator signs accounts, a stranger is not") {
    const Nkey root = new_nkey(NkeyKind::operator_), account = new_nkey(NkeyKind::account);
    const Nkey user = new_nkey(), stranger = new_nkey(),
               other_account = new_nkey(NkeyKind::account);
    const std::string limits =
        R"("limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,)"
        R"("conn":-1,"leaf":-1,"mem_storage":-1,"disk_storage":-1,"streams":-1,"consumer":-1})";
    const std::string of_user =
        R"("pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1,"type":"user")";
    const Nkey system = new_nkey(NkeyKind::account);  // JetStream itself wants one.
    NatsServer server(NatsServer::Options{
        .config = "operator: " + jwt(root, root, R"("type":"operator")") +
                  "\nsystem_account: " + system.public_key +
                  "\nresolver: MEMORY\nresolver_preload: { " + system.public_key + ": " +
                  jwt(root, system, R"("limits":{},"type":"account")") + "\n" + account.public_key +
                  ": " + jwt(root, account, limits + R"(,"type":"account")") + " }"});
    const TemporaryFolder folder;
    std::ofstream(folder / "ours.creds") << creds_text(jwt(account, user, of_user), user);
    std::ofstream(folder / "strangers.creds")
        << creds_text(jwt(other_account, stranger, of_user), stranger);
    NatsSettings settings = quick_settings({server.url()});
    settings.creds_file = folder / "ours.creds";
    const NatsHealth health = settled(settings);
    INFO(health.sentence);
    CHECK(health.state == NatsState::connected);
    settings.creds_file = folder / "strangers.creds";
    CHECK(settled(settings).state == NatsState::bad_credentials);
}

TEST_CASE(
    "with TLS both sides show who they are; a stranger's authority and no certificate are told") {
    const TemporaryFolder folder;
    if (!make_certificates(folder.path())) {
        WARN("SKIPPED: openssl made no certificates: " << text_of(folder / "made"));
        return;
    }
    NatsServer server(NatsServer::Options{.config = "tls { cert_file: \"" + (folder / "cert.pem") +
                                                    "\", key_file: \"" + (folder / "key.pem") +
                                                    "\", ca_file: \"" + (folder / "ca.pem") +
                                                    "\", verify: true }"});
    NatsSettings settings = quick_settings({server.url()});
    settings.tls_ca_file = folder / "ca.pem";
    settings.tls_certificate_file = folder / "cert.pem";
    settings.tls_key_file = folder / "key.pem";
    const NatsHealth health = settled(settings);
    INFO(health.sentence);
    CHECK(health.state == NatsState::connected);
    settings.tls_ca_file = folder / "other.pem";
    CHECK(settled(settings).state == NatsState::bad_tls);
    settings.tls_ca_file = folder / "ca.pem";
    settings.tls_certificate_file = settings.tls_key_file = "";
    CHECK(settled(settings).state == NatsState::bad_tls);
}

TEST_CASE("settings that cannot work are refused before anything connects") {
    const NatsSettings good = {.servers = {"nats://127.0.0.1:4222"}};
    CHECK(problem_of(good).empty());
    NatsSettings settings = {};
    CHECK(problem_of(settings).find("no NATS server is named") == 0);
    settings.servers = {"127.0.0.1:4222"};
    CHECK(problem_of(settings).find("write nats://host:4222") != std::string::npos);
    settings = good;
    settings.user = "a";
    settings.creds_file = "/nowhere";
    CHECK(problem_of(settings).find("leave one") != std::string::npos);
    settings.user.clear();
    CHECK(problem_of(settings) == "the creds file /nowhere cannot be read");
    settings = good;
    settings.nkey_seed_file = "/nowhere";
    CHECK(problem_of(settings).find("both the public key") != std::string::npos);
    settings = good;
    settings.tls_key_file = "/nowhere";
    CHECK(problem_of(settings).find("both the certificate") != std::string::npos);
}

TEST_CASE("the wait between two attempts doubles, has an end, and differs between nodes") {
    NatsSettings a = {.name = "a"}, b = {.name = "b"};
    bool differs = false;
    for (int failures = 1; failures < 40; ++failures) {
        const Duration full =
            std::min(a.backoff_max, a.backoff_min * (1 << std::min(failures - 1, 20)));
        CHECK(backoff(a, failures) <= full);
        CHECK(backoff(a, failures) >= full / 2);
        CHECK(backoff(a, failures) == backoff(a, failures));
        differs = differs || backoff(a, failures) != backoff(b, failures);
    }
    CHECK(differs);
}
