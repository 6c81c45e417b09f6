<#
.SYNOPSIS
Reads the raw performance classes of Hyper-V's hypervisor for hvql.

.DESCRIPTION
hvql starts this script once and keeps it running. Each line on standard input requests a sample:

  {"id": 7, "classes": {"Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor": ["PercentTotalRunTime", ...]}}

The property "*" selects all numbers of the class, except clocks and bases (the values that Windows divides by).

The response to each request is one line on standard output, in the order of the requests. It has the list of properties,
then a list of texts for each instance; "" is a missing value, and a property that this Windows does not have is left out:

  {"id": 7, "classes": {"Win32_...LogicalProcessor": {"properties": ["Name", ...], "instances": [["Hv LP 0", ...], ...]}}}

For a class that cannot be read there is the reason instead, and the others are read: {"error": "..."}. Numbers are texts,
because ConvertTo-Json would round the largest. Between requests the script waits for the next line; it exits at the
end of its standard input. It changes neither files nor settings of Windows.

It needs Windows PowerShell 5.1, which every Windows Server since 2016 has. Class and property names do not depend on the
language of Windows.
#>
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# Started from PowerShell 7, it would find modules there that Windows PowerShell cannot load.
$env:PSModulePath = [Environment]::GetEnvironmentVariable('PSModulePath', 'Machine')

# Uses the raw streams, because the console's reader and writer would use the code page of the system.
$utf8 = [System.Text.UTF8Encoding]::new($false)
$requests = [System.IO.StreamReader]::new([Console]::OpenStandardInput(), $utf8)
$answers = [System.IO.StreamWriter]::new([Console]::OpenStandardOutput(), $utf8)

# The instance's name and the time of the sample, which every class has.
$always = 'Name', 'Timestamp_PerfTime', 'Frequency_PerfTime', 'Timestamp_Sys100NS', 'Frequency_Sys100NS'
$secondsForOneClass = 20
# The properties of each class on this Windows. A missing class is not cached.
$propertiesOf = @{}
# The properties that "*" selects, by class.
$numbersOf = @{}
$numberTypes = 'UInt8', 'UInt16', 'UInt32', 'UInt64'
$accompanying = '^(Timestamp|Frequency)_|_Base$'

function ConvertTo-JsonList([string[]] $texts) {
  '[' + (@(foreach ($text in $texts) { ConvertTo-Json -Compress -InputObject ([string] $text) }) -join ',') + ']'
}

function Get-Property([string] $class, [string[]] $wanted) {
  if (-not $propertiesOf.ContainsKey($class)) {
    $definition = Get-CimClass -Namespace root/cimv2 -ClassName $class -OperationTimeoutSec $secondsForOneClass
    $numbersOf[$class] = @($definition.CimClassProperties | Where-Object {
      ($numberTypes -contains [string] $_.CimType) -and ($_.Name -notmatch $accompanying)
    } | ForEach-Object { $_.Name })
    $propertiesOf[$class] = @($definition.CimClassProperties | ForEach-Object { $_.Name })
  }
  $further = if (@($wanted) -contains '*') { $numbersOf[$class] } else { @() }
  @(@($always) + @($wanted) + @($further) | Where-Object { $propertiesOf[$class] -contains $_ } | Select-Object -Unique)
}

# Digits need no escapes, and a host has a hundred thousand of them: only names go through ConvertTo-Json.
function Format-Instance($instance, [string[]] $properties) {
  $cells = foreach ($property in $properties) {
    $value = $instance.CimInstanceProperties[$property].Value
    if ($property -eq 'Name') { ConvertTo-Json -Compress -InputObject ([string] $value) } else { '"' + $value + '"' }
  }
  '[' + (@($cells) -join ',') + ']'
}

function Read-Class([string] $class, [string[]] $wanted) {
  try {
    $properties = Get-Property $class $wanted
    $query = 'SELECT ' + ($properties -join ',') + ' FROM ' + $class
    $found = @(Get-CimInstance -Namespace root/cimv2 -Query $query -OperationTimeoutSec $secondsForOneClass)
    $instances = @(foreach ($instance in $found) { Format-Instance $instance $properties }) -join ','
    '{"properties":' + (ConvertTo-JsonList $properties) + ',"instances":[' + $instances + ']}'
  } catch {
    '{"error":' + (ConvertTo-Json -Compress -InputObject ([string] $_.Exception.Message)) + '}'
  }
}

while ($null -ne ($line = $requests.ReadLine())) {
  $request = ConvertFrom-Json -InputObject $line
  $classes = foreach ($class in $request.classes.PSObject.Properties) {
    '"' + $class.Name + '":' + (Read-Class $class.Name $class.Value)
  }
  $answers.WriteLine('{"id":' + [long] $request.id + ',"classes":{' + (@($classes) -join ',') + '}}')
  $answers.Flush()
}
