// The protocol of elections as text: each file in tests/transcripts tells a story and what comes of
// it, letter by letter. Lines that begin with `>` are what happens; the rest is what follows.
//
// RINGRIFT_TRANSCRIPTS=write writes what follows anew; read the difference before committing it.
//
//   > voters v1 v2 v3 [preferred v2]     the founders, all started; first line
//   > run 500ms | run 3s                 true time passes
//   > kill v1 | start v1 | pause v1 | wake v1 | node v4 (a further one, started)
//   > cut v1 v2 (one way) | split v1 v2 / v3 (both ways) | mend
//   > delay 20ms                         every letter from now on
//   > no-log v1 | freeze v1 (reads nothing new) | log v1 (has it again)
//   > cannot-save v1 | saves v1 | forget v1 (its store is empty)
//   > gone v1 (all others are given proof) | force v2 | add v4 | remove v3
//   > status                             what each of them would say
//
// Of beacons and their replies only the first of each pair of voters in each epoch is shown, and
// those that are refused.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <set>

#include "tests/assembly.hpp"
#include "tests/catch.hpp"

using namespace ringrift;
using namespace ringrift::tests;

namespace {

const std::filesystem::path folder =
    std::filesystem::path(RINGRIFT_SOURCE_DIR) / "tests/transcripts";
constexpr bus::Duration tick = std::chrono::milliseconds(10);

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

bus::Duration duration_of(const std::string& word) {
    const bool is_ms = word.ends_with("ms");
    return is_ms ? bus::Duration(std::stoll(word)) : std::chrono::seconds(std::stoll(word));
}

class Story {
  public:
    /// What follows from this happening.
    std::string tell(const std::string& line) {
        out_.str({});
        const auto words = words_of(line);
        if (words.at(0) == "voters")
            found(words);
        else if (words[0] == "run")
            run(duration_of(words.at(1)));
        else if (words[0] == "split")
            split(words);
        else if (words[0] == "status")
            status();
        else if (words[0] == "mend")
            assembly_->faults.mend();
        else if (words[0] == "delay")
            assembly_->faults.odds = {.delay_min = duration_of(words.at(1)),
                                      .delay_max = duration_of(words.at(1))};
        else if (words[0] == "cut")
            assembly_->faults.cut({words.at(1)}, {words.at(2)});
        else
            happen(words.at(0), {words.at(1)});
        tell_log();
        return out_.str();
    }

  private:
    void found(const std::vector<std::string>& words) {
        AssemblySettings settings;
        for (std::size_t n = 1; n < words.size(); ++n) {
            if (words[n] == "preferred") {
                settings.preferred = {words.at(n + 1)};
                break;
            }
            settings.founders.push_back({words[n]});
        }
        assembly_ = std::make_unique<Assembly>(settings);
        assembly_->on_letter = [this](const bus::Letter& letter) { tell_letter(letter); };
        for (const auto& founder : settings.founders) assembly_->start(founder);
    }
    void run(bus::Duration length) {
        const auto end = assembly_->passed() + length;
        while (assembly_->passed() < end) {
            assembly_->step(tick);
            tell_log();
            REQUIRE(assembly_->believers().size() <= 1);
        }
    }
    void split(const std::vector<std::string>& words) {
        const auto slash = std::find(words.begin(), words.end(), "/");
        for (auto one = words.begin() + 1; one != slash; ++one) {
            for (auto other = slash + 1; other != words.end(); ++other)
                assembly_->faults.cut_both({*one}, {*other});
        }
    }
    void happen(const std::string& what, const bus::NodeId& who) {
        if (what == "node") assembly_->add(who), assembly_->start(who);
        Member& member = assembly_->at(who);
        if (what == "kill") assembly_->kill(who);
        if (what == "start") assembly_->start(who);
        if (what == "pause") member.paused = true;
        if (what == "wake") member.paused = false;
        if (what == "no-log") member.way.away = true;
        if (what == "freeze") member.way.frozen = *assembly_->log.last();
        if (what == "log") member.way.away = false, member.way.frozen = {};
        if (what == "cannot-save") member.store.full = true;
        if (what == "saves") member.store.full = false;
        if (what == "forget") member.store.values.clear();
        if (what == "force") member.election().force("asked for by an operator", now(member));
        if (what == "gone") prove_gone();
        if (what == "add" || what == "remove") change_voters(what == "add", who);
    }
    void prove_gone() {
        for (const auto& [id, member] : assembly_->members()) {
            if (!member->is_up()) continue;
            if (const auto reign = member->election().doubted(now(*member)))
                member->election().gone(reign->epoch, now(*member));
        }
    }
    void change_voters(bool adds, const bus::NodeId& who) {
        const auto believers = assembly_->believers();
        if (believers.empty()) {
            out_ << "  refused: nobody leads\n";
            return;
        }
        Member& leader = assembly_->at(believers[0]);
        auto voters = leader.life->folded.view.leadership.voters;
        if (adds)
            voters.push_back(who);
        else
            std::erase(voters, who);
        const auto handled = assembly_->ask(leader, producers::ChangeVoters{.voters = voters});
        if (handled.outcome == producers::CommandHandler::Outcome::refused)
            out_ << "  refused: " << handled.refusal.sentence << '\n';
    }
    void status() {
        for (const auto& [id, member] : assembly_->members()) {
            out_ << "  " << id << ' ';
            if (!member->is_up()) {
                out_ << "is down\n";
                continue;
            }
            const auto& election = member->election();
            const auto leader = election.heard_leader(now(*member));
            if (election.leads(now(*member)))
                out_ << "leads in epoch " << election.own_epoch() << '\n';
            else if (!leader.empty())
                out_ << "follows " << leader << '\n';
            else if (election.trouble(now(*member)).empty())
                out_ << "does not vote, and knows " << election.log().leader << " from the log\n";
            else
                out_ << "has no leader: " << election.trouble(now(*member)) << '\n';
        }
    }

    bus::Instant now(const Member& member) const { return member.clock(assembly_->passed()); }
    std::ostream& at_this_time() {
        const auto ms = assembly_->passed().count();
        return out_ << std::setw(4) << ms / 1000 << '.' << std::setw(3) << std::setfill('0')
                    << ms % 1000 << std::setfill(' ') << "  ";
    }
    void tell_letter(const bus::Letter& letter) {
        if (!is_news(letter)) return;
        bus::Letter shown = letter;
        // The own clock's reading says nothing to a reader.
        if (auto* beacon = std::get_if<bus::Beacon>(&shown.message)) beacon->sent_ms = {};
        if (auto* reply = std::get_if<bus::BeaconReply>(&shown.message)) reply->sent_ms = {};
        std::string data = bus::encode(shown);
        data = data.substr(data.find("\"data\":") + 7);
        data.pop_back();
        const bool arrives = !assembly_->faults.is_cut(letter.from, letter.to) &&
                             assembly_->members().contains(letter.to) &&
                             assembly_->at(letter.to).is_up();
        at_this_time() << letter.from << (arrives ? " -> " : " -x ") << letter.to << "  "
                       << bus::type_of(letter.message) << ' ' << data << '\n';
    }
    bool is_news(const bus::Letter& letter) {
        const auto* beacon = std::get_if<bus::Beacon>(&letter.message);
        const auto* reply = std::get_if<bus::BeaconReply>(&letter.message);
        if (beacon == nullptr && reply == nullptr) return true;
        if (reply != nullptr && !reply->granted) return true;
        const bus::Epoch epoch = beacon != nullptr ? beacon->epoch : reply->epoch;
        return shown_.emplace(letter.from, letter.to, epoch).second;
    }
    void tell_log() {
        const auto batch = assembly_->log.read(told_, SIZE_MAX);
        for (const bus::Recorded& recorded : *batch) {
            told_ = recorded.position;
            at_this_time() << "log #" << recorded << '\n';
        }
    }

    std::unique_ptr<Assembly> assembly_;
    std::ostringstream out_;
    bus::Position told_ = 0;
    std::set<std::tuple<bus::NodeId, bus::NodeId, bus::Epoch>> shown_;
};

std::string told_anew(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string told;
    Story story;
    for (std::string line; std::getline(file, line);) {
        const bool is_ours = line.starts_with("#") || line.starts_with(">") || line.empty();
        if (is_ours) told += line + '\n';
        if (line.starts_with("> ")) told += story.tell(line.substr(2));
    }
    return told;
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The first line that differs, of both.
std::string difference(const std::string& one, const std::string& other) {
    std::istringstream first(one), second(other);
    std::string a, b;
    for (int number = 1;; ++number) {
        const bool more = bool(std::getline(first, a)), too = bool(std::getline(second, b));
        if (!more && !too) return {};
        if (!more) a = "(the end)";
        if (!too) b = "(the end)";
        if (a != b)
            return "line " + std::to_string(number) + "\n  stands: " + a + "\n  is now: " + b;
    }
}

}  // namespace

TEST_CASE("elections go as the transcripts say") {
    const char* asked = std::getenv("RINGRIFT_TRANSCRIPTS");
    const bool writes = asked != nullptr && std::string_view(asked) == "write";
    int stories = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".txt") continue;
        INFO(entry.path());
        const std::string told = told_anew(entry.path());
        if (writes) std::ofstream(entry.path()) << told;
        const std::string differs = difference(text_of(entry.path()), told);
        CHECK(differs == "");
        ++stories;
    }
    CHECK(stories >= 14);
}
