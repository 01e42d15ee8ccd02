/** What there is besides chats: a guild with its channels, members and roles, groups, and what bots put up in them. */
import type { Ambient } from "../Ambient.ts"
import { defaultAuthor, guildId, self, timestamp } from "../Payloads.ts"

export interface Member {
  readonly id: string
  readonly username: string
  readonly bot: boolean
  nick: string
  readonly roles: Set<string>
  /** Epoch milliseconds until which the member may not speak. */
  mutedUntil: number
}

export interface Role {
  readonly id: string
  name: string
  color: number
  hoist: number
}

export interface Channel {
  readonly id: string
  readonly guildId: string
  name: string
  readonly type: number
  readonly subType: number
  position: number
  parentId: string
  privateType: number
  speakPermission: number
  /** Bits by member id and by role id. */
  readonly permissions: { readonly member: Map<string, bigint>; readonly role: Map<string, bigint> }
  readonly pins: Array<string>
  readonly schedules: Map<string, Readonly<Record<string, unknown>>>
  /** Users by message and emoji. */
  readonly reactions: Map<string, Set<string>>
  readonly threads: Map<string, { readonly title: string; readonly content: string; readonly at: number }>
  /** The last audio command, and whether the bot holds the microphone. */
  audio: number | undefined
  onMic: boolean
}

export interface Guild {
  readonly id: string
  readonly members: Map<string, Member>
  readonly roles: Map<string, Role>
  readonly channels: Map<string, Channel>
  readonly blacklist: Set<string>
  mutedUntil: number
  announcement: Readonly<Record<string, unknown>> | undefined
}

export interface GroupMember {
  readonly id: string
  readonly role: "member" | "admin" | "owner"
  mutedUntil: number
}

export interface Group {
  readonly id: string
  readonly members: Map<string, GroupMember>
  readonly blacklist: Set<string>
  /** Payloads of GROUP_JOIN_REQUEST by member. */
  readonly requests: Map<string, Readonly<Record<string, unknown>>>
  mute: string
}

const person = (id: string, username: string, roles: ReadonlyArray<string>, bot = false): Member => ({
  id,
  username,
  bot,
  nick: username,
  roles: new Set(roles),
  mutedUntil: 0
})

const role = (id: string, name: string): readonly [string, Role] => [id, { id, name, color: 4278245297, hoist: 0 }]

export class World {
  readonly guilds = new Map<string, Guild>()
  readonly groups = new Map<string, Group>()
  private lastId = 200_000
  private readonly ambient: Ambient
  /** Whether somebody spoke in a channel that nobody made: then it is there. */
  private readonly isKnown: (channel: string) => boolean

  constructor(ambient: Ambient, isKnown: (channel: string) => boolean) {
    this.ambient = ambient
    this.isKnown = isKnown
    const owner = defaultAuthor({ kind: "channel", id: "" })
    const people = [
      person(owner, "lin", ["4"]),
      person("3344556677889900112", "mo", ["1"]),
      person("4455667788990011223", "new", ["1"]),
      person(self.id, self.username, ["2"], true)
    ]
    const guild: Guild = {
      id: guildId,
      members: new Map(people.map((one) => [one.id, one])),
      roles: new Map([
        role("1", "everybody"),
        role("2", "administrator"),
        role("4", "owner"),
        role("5", "channel administrator")
      ]),
      channels: new Map(),
      blacklist: new Set(),
      mutedUntil: 0,
      announcement: undefined
    }
    this.guilds.set(guild.id, guild)
    this.add(guild, "100010", "talk", 0)
    this.add(guild, "100020", "voice", 2)
    this.add(guild, "100030", "forum", 10007)
  }

  /** A new id, larger than any before. */
  nextId(): string {
    return String(++this.lastId)
  }

  add(guild: Guild, id: string, name: string, type: number, subType = 0): Channel {
    const channel: Channel = {
      id,
      guildId: guild.id,
      name,
      type,
      subType,
      position: guild.channels.size + 1,
      parentId: "",
      privateType: 0,
      speakPermission: 1,
      permissions: { member: new Map(), role: new Map() },
      pins: [],
      schedules: new Map(),
      reactions: new Map(),
      threads: new Map(),
      audio: undefined,
      onMic: false
    }
    guild.channels.set(id, channel)
    return channel
  }

  channel(id: string): Channel | undefined {
    for (const guild of this.guilds.values()) {
      const channel = guild.channels.get(id)
      if (channel !== undefined) return channel
    }
    const home = this.guilds.get(guildId)
    return home !== undefined && this.isKnown(id) ? this.add(home, id, `channel ${id}`, 0) : undefined
  }

  /** Every group is there; who is in it is made up at first sight. */
  group(id: string): Group {
    const known = this.groups.get(id)
    if (known !== undefined) return known
    const speaker = defaultAuthor({ kind: "group", id })
    const people: ReadonlyArray<GroupMember> = [
      { id: "0A".repeat(16), role: "owner", mutedUntil: 0 },
      { id: speaker, role: "member", mutedUntil: 0 },
      { id: "BB00".repeat(8), role: "admin", mutedUntil: 0 }
    ]
    const group: Group = {
      id,
      members: new Map(people.map((one) => [one.id, one])),
      blacklist: new Set(),
      requests: new Map(),
      mute: "none"
    }
    this.groups.set(id, group)
    return group
  }

  now(): number {
    return this.ambient.now()
  }

  /** Events that put something into the world. */
  noticed(type: string, data: Readonly<Record<string, unknown>>): void {
    const { group_openid: group, member_openid: member } = data
    if (type !== "GROUP_JOIN_REQUEST" || typeof group !== "string" || typeof member !== "string") return
    this.group(group).requests.set(member, data)
  }
}

const avatar = "https://thirdqq.qlogo.cn/g?b=oidb&k=world&s=0"

/** As the platform shows them. */
export const show = {
  guild: (guild: Guild) => ({
    id: guild.id,
    name: `guild ${guild.id}`,
    icon: "",
    owner_id: defaultAuthor({ kind: "channel", id: "" }),
    owner: false,
    member_count: guild.members.size,
    max_members: 300,
    description: "",
    joined_at: "2025-03-12T16:34:42+08:00"
  }),
  channel: (channel: Channel) => ({
    id: channel.id,
    guild_id: channel.guildId,
    name: channel.name,
    type: channel.type,
    sub_type: channel.subType,
    position: channel.position,
    parent_id: channel.parentId,
    owner_id: defaultAuthor({ kind: "channel", id: "" }),
    private_type: channel.privateType,
    speak_permission: channel.speakPermission,
    application_id: ""
  }),
  user: ({ bot, id, username }: Member) => ({ id, username, avatar, bot }),
  member: (member: Member) => ({
    user: show.user(member),
    nick: member.nick,
    roles: [...member.roles],
    joined_at: "2025-03-12T16:34:42+08:00"
  }),
  role: ({ color, hoist, id, name }: Role, { members }: Guild) => ({
    id,
    name,
    color,
    hoist,
    number: [...members.values()].filter(({ roles }) => roles.has(id)).length,
    member_limit: 2000
  }),
  groupMember: ({ id, role }: GroupMember) => ({
    member_openid: id,
    username: `user ${id.slice(-4)}`,
    member_role: role,
    bot: false,
    joined_at: timestamp(1_760_000_000_000)
  })
}
