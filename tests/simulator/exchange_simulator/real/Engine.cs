// What stands between the cmdlets of the simulated servers and the organisation that knows their answers. What is
// generated from the catalogue (enumerations, parameter types, cmdlets) is compiled together with this.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Reflection.Emit;
using System.Security;
using System.Text;
using System.Text.Json;

namespace ExchangeSimulator
{
    /// The line to the organisation: one request and its answer at a time, each a line of JSON.
    public static class Line
    {
        static readonly object Turn = new object();
        static StreamReader reader;
        static StreamWriter writer;

        public static JsonElement Ask(Dictionary<string, object> question)
        {
            lock (Turn)
            {
                if (writer == null)
                {
                    var stream = new TcpClient("127.0.0.1", int.Parse(Setting("PORT"))).GetStream();
                    reader = new StreamReader(stream, new UTF8Encoding(false));
                    writer = new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
                    writer.WriteLine(Setting("SECRET"));
                }
                writer.WriteLine(JsonSerializer.Serialize(question));
                var answer = reader.ReadLine() ?? throw new IOException("The simulated organisation is gone.");
                return JsonDocument.Parse(answer).RootElement;
            }
        }

        public static string Setting(string name)
        {
            return Environment.GetEnvironmentVariable("EXCHANGE_SIMULATOR_" + name);
        }
    }

    /// What Exchange makes of an argument, by rules that the organisation knows.
    public interface IConverted { object Told { get; } }

    public static class Converted
    {
        public static object Ask(string type, object given)
        {
            var answer = Line.Ask(new Dictionary<string, object> {
                ["convert"] = type, ["value"] = Told(given), ["of"] = PSObject.AsPSObject(given).TypeNames[0] });
            if (answer.TryGetProperty("refusal", out var refusal)) throw new FormatException(refusal.GetString());
            return answer.GetProperty("told");
        }

        public static string Text(object told)
        {
            return told is JsonElement element ? element.ToString() : "";
        }

        /// An argument, in words of JSON.
        public static object Told(object value)
        {
            var inside = value is PSObject wrapped ? wrapped.BaseObject : value;
            switch (inside)
            {
                case null: return null;
                case SwitchParameter given: return given.IsPresent;
                case bool or int or long or float or double or string: return inside;
                case Uri address: return address.OriginalString;
                case IConverted one: return one.Told;
                case PSCredential one:
                    return new Dictionary<string, object> {
                        ["user"] = one.UserName, ["password"] = one.GetNetworkCredential().Password };
                case SecureString one:
                    return new Dictionary<string, object> { ["text"] = new NetworkCredential("", one).Password };
                case byte[] data: return new Dictionary<string, object> { ["bytes"] = Convert.ToBase64String(data) };
                case IDictionary pairs:
                    return pairs.Cast<DictionaryEntry>().ToDictionary(pair => pair.Key.ToString(), pair => Told(pair.Value));
                case IEnumerable many: return many.Cast<object>().Select(Told).ToArray();
                default: return value.ToString();
            }
        }
    }

    public abstract class Value : IConverted
    {
        public object Told { get; private set; }
        protected Value(string type, object given) { Told = Converted.Ask(type, given); }
        public override string ToString() { return Converted.Text(Told); }
    }

    /// An object of the organisation's: its members are the organisation's too.
    public class Known
    {
        public List<string> Types;
        public string Text;
        public List<(string Name, object Value)> Members = new List<(string, object)>();

        public override string ToString() { return Text ?? Types[0]; }
    }

    /// Shows PowerShell the members as those of the object itself, not as something that was added to it.
    public class KnownAdapter : PSPropertyAdapter
    {
        static PSAdaptedProperty Property((string Name, object Value) member)
        {
            return new PSAdaptedProperty(member.Name, member.Value);
        }

        public override Collection<PSAdaptedProperty> GetProperties(object one)
        {
            return new Collection<PSAdaptedProperty>(((Known)one).Members.Select(Property).ToList());
        }

        public override PSAdaptedProperty GetProperty(object one, string name)
        {
            var found = ((Known)one).Members.Where(member => member.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            return found.Select(Property).FirstOrDefault();
        }

        public override Collection<string> GetTypeNameHierarchy(object one)
        {
            return new Collection<string>(((Known)one).Types.ToList());
        }

        public override bool IsGettable(PSAdaptedProperty property) { return true; }
        public override bool IsSettable(PSAdaptedProperty property) { return false; }
        public override object GetPropertyValue(PSAdaptedProperty property) { return property.Tag; }
        public override void SetPropertyValue(PSAdaptedProperty property, object value) { }
        public override string GetPropertyTypeName(PSAdaptedProperty property)
        {
            return property.Tag == null ? "System.Object" : property.Tag.GetType().FullName;
        }
    }

    /// Makes living objects of the organisation's CLIXML.
    public static class Living
    {
        static readonly bool Adds = Line.Setting("FORM") == "full";
        static readonly ModuleBuilder Types =
            AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Known"), AssemblyBuilderAccess.Run).DefineDynamicModule("Known");
        static readonly Dictionary<string, Type> Enumerations = new Dictionary<string, Type>();

        public static IEnumerable<object> Read(string clixml)
        {
            return PSSerializer.DeserializeAsList(clixml).Select(Make);
        }

        static object Make(object read)
        {
            if (read is not PSObject shown) return read;
            var names = shown.TypeNames.Select(Original).ToList();
            var inside = shown.BaseObject;
            if (names.Contains("System.Enum")) return Enumeration(names[0], shown.ToString(), Convert.ToInt64(inside));
            switch (inside)
            {
                case PSCustomObject:
                    var made = new Known { Types = names, Text = Said(shown) };
                    var added = new List<PSPropertyInfo>();
                    foreach (var member in shown.Properties)
                    {
                        if (member is PSNoteProperty) added.Add(member);
                        else made.Members.Add((member.Name, Make(member.Value)));
                    }
                    var result = new PSObject(made);
                    // Exchange's own serializer adds a member to each object, and only where it was asked to.
                    // What PowerShell's own type data adds is there already.
                    foreach (var member in added.Where(one => (Adds || one.Name != "SerializationData") && result.Properties[one.Name] == null))
                        result.Properties.Add(new PSNoteProperty(member.Name, Make(member.Value)));
                    return result;
                case IDictionary pairs:
                    var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
                    foreach (DictionaryEntry pair in pairs) table[pair.Key] = Make(pair.Value);
                    return table;
                case IEnumerable items and not string and not byte[]:
                    var list = new PSObject(new ArrayList(items.Cast<object>().Select(Make).ToArray()));
                    list.TypeNames.Clear();
                    names.ForEach(list.TypeNames.Add);
                    return list;
                default:
                    return inside;
            }
        }

        /// What ToString gave where the object was made; where that is nothing, PowerShell would list the members.
        static string Said(PSObject shown)
        {
            var told = shown.ToString();
            return told.StartsWith("@{") ? "" : told;
        }

        static string Original(string name)
        {
            foreach (var prefix in new[] { "Deserialized.", "Known." })
                if (name.StartsWith(prefix)) name = name.Substring(prefix.Length);
            return name;
        }

        /// A value of an enumeration; of one that the catalogue does not have, only this one name is known.
        static object Enumeration(string type, string name, long number)
        {
            var known = typeof(Living).Assembly.GetType(type);
            // The catalogue has the members that a parameter takes, which may not be all.
            if (known != null && Enum.ToObject(known, number).ToString() == name) return Enum.ToObject(known, number);
            var key = type + " " + name;
            lock (Enumerations)
            {
                if (!Enumerations.TryGetValue(key, out var made))
                {
                    // Of one type there are several, each with an assembly of its own.
                    var types = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Known" + Enumerations.Count), AssemblyBuilderAccess.Run).DefineDynamicModule("Known");
                    var builder = types.DefineEnum(type, TypeAttributes.Public, typeof(int));
                    // The names of flags come by the size of their bits.
                    var names = name.Split(", ");
                    if (names.Length > 1)
                        builder.SetCustomAttribute(new CustomAttributeBuilder(typeof(FlagsAttribute).GetConstructor(Type.EmptyTypes), new object[0]));
                    var bits = Enumerable.Range(0, 31).Select(bit => 1 << bit).Where(bit => names.Length > 1 && (number & bit) != 0).ToList();
                    for (var place = 0; place < names.Length; place++)
                        builder.DefineLiteral(names[place], names.Length > 1 ? bits[place] : (int)number);
                    Enumerations[key] = made = builder.CreateType();
                }
                return Enum.ToObject(made, number);
            }
        }

        /// An exception of this class, of which only the name and those of its bases are known.
        public static Exception Raised(string[] hierarchy, string message)
        {
            lock (Types)
            {
                return (Exception)Activator.CreateInstance(Class(hierarchy, 0), message);
            }
        }

        static Type Class(string[] hierarchy, int index)
        {
            var name = hierarchy[index];
            var known = typeof(Exception).Assembly.GetType(name) ?? typeof(PSObject).Assembly.GetType(name) ?? Types.GetType(name);
            if (known?.GetConstructor(new[] { typeof(string) }) != null) return known;
            var parent = index + 1 < hierarchy.Length && hierarchy[index + 1] != "System.Object" ? Class(hierarchy, index + 1) : typeof(Exception);
            var builder = Types.DefineType(name, TypeAttributes.Public, parent);
            var code = builder.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, new[] { typeof(string) }).GetILGenerator();
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Call, parent.GetConstructor(new[] { typeof(string) }));
            code.Emit(OpCodes.Ret);
            return builder.CreateType();
        }
    }

    /// What all cmdlets do: PowerShell has bound the parameters, the organisation does the rest.
    public abstract class Task : PSCmdlet
    {
        static readonly HashSet<string> Own = new HashSet<string>(CommonParameters);

        protected virtual bool Asks { get { return false; } }

        protected override void ProcessRecord()
        {
            var name = MyInvocation.MyCommand.Name;
            var given = MyInvocation.BoundParameters.Where(pair => !Own.Contains(pair.Key));
            var parameters = given.ToDictionary(pair => pair.Key, pair => Converted.Told(pair.Value));
            if (Asks && !ShouldProcess(Target(), name)) parameters["WhatIf"] = true;
            var answer = Line.Ask(new Dictionary<string, object> { ["run"] = name, ["parameters"] = parameters });
            if (answer.TryGetProperty("module", out var module))
                InvokeCommand.InvokeScript("param($path) Import-Module $path -Global", false, System.Management.Automation.Runspaces.PipelineResultTypes.None, null, module.GetString());
            foreach (var warning in answer.GetProperty("warnings").EnumerateArray()) WriteWarning(warning.GetString());
            foreach (var one in Living.Read(answer.GetProperty("output").GetString())) WriteObject(one);
            foreach (var error in answer.GetProperty("errors").EnumerateArray()) WriteError(Record(error));
            if (answer.TryGetProperty("terminating", out var end)) ThrowTerminatingError(Record(end));
        }

        string Target()
        {
            return MyInvocation.BoundParameters.Values.FirstOrDefault()?.ToString() ?? "";
        }

        static ErrorRecord Record(JsonElement error)
        {
            var types = error.GetProperty("types").EnumerateArray().Select(one => one.GetString()).ToArray();
            var category = (ErrorCategory)error.GetProperty("category").GetInt32();
            var target = Living.Read(error.GetProperty("target").GetString()).FirstOrDefault();
            var raised = Living.Raised(types, error.GetProperty("message").GetString());
            return new ErrorRecord(raised, error.GetProperty("id").GetString(), category, target);
        }
    }
}

namespace Microsoft.Exchange.Data
{
    using ExchangeSimulator;

    public struct Unlimited<T> : IConverted
    {
        public object Told { get; private set; }
        public Unlimited(object given) { Told = Converted.Ask($"Microsoft.Exchange.Data.Unlimited`1[{typeof(T).FullName}]", given); }
        public override string ToString() { return Converted.Text(Told); }
    }

    /// A list is the whole value, a hashtable says what is added and removed. PowerShell binds a list to nothing but a
    /// collection, which it fills one by one where it cannot make it of the whole.
    public class MultiValuedProperty<T> : Collection<T>, IConverted
    {
        readonly object told;
        public object Told { get { return told ?? this.Select(one => Converted.Told(one)).ToArray(); } }
        public MultiValuedProperty() { }
        public MultiValuedProperty(object given)
        {
            told = Converted.Ask($"Microsoft.Exchange.Data.MultiValuedProperty`1[{typeof(T).FullName}]", given);
            var listed = (JsonElement)told;
            if (listed.ValueKind == JsonValueKind.Object) listed = listed.GetProperty("Add");
            // A mandatory one may not be empty.
            foreach (var one in listed.EnumerateArray()) Add(Item(one.GetString()));
        }
        static T Item(string text)
        {
            return text is T item ? item : (T)Activator.CreateInstance(typeof(T), text);
        }

        public override string ToString() { return Converted.Text(told); }
    }
}
