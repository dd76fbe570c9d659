/// A length of time for people, as go-units words it: "About an hour", "3 days".
public func humanDuration(seconds: Int) -> String {
    let minutes = seconds / 60
    let hours = (seconds + 1800) / 3600
    switch true {
    case seconds < 1: return "Less than a second"
    case seconds == 1: return "1 second"
    case seconds < 60: return String(seconds) + " seconds"
    case minutes == 1: return "About a minute"
    case minutes < 60: return String(minutes) + " minutes"
    case hours == 1: return "About an hour"
    case hours < 48: return String(hours) + " hours"
    case hours < 24 * 7 * 2: return String(hours / 24) + " days"
    case hours < 24 * 30 * 2: return String(hours / 24 / 7) + " weeks"
    case hours < 24 * 365 * 2: return String(hours / 24 / 30) + " months"
    default: return String(seconds / 3600 / 24 / 365) + " years"
    }
}
